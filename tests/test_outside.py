"""What happens where the shared files are missing, and which tests the mark `golden` chooses."""

from pathlib import Path

import pytest

from tests.outside import outside


def test_a_folder_that_is_there_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("", "1"):
        monkeypatch.setenv("FAIL_WITHOUT_SHARED", value)
        assert outside(tmp_path) == tmp_path


@pytest.mark.parametrize("value", [None, "", "0"])
def test_a_missing_folder_skips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("FAIL_WITHOUT_SHARED", raising=False)
    if value is not None:
        monkeypatch.setenv("FAIL_WITHOUT_SHARED", value)
    with pytest.raises(pytest.skip.Exception, match="golden is not there"):
        outside(tmp_path / "golden")


def test_a_missing_folder_fails_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL_WITHOUT_SHARED", "1")
    with pytest.raises(pytest.fail.Exception, match="golden is not there, and FAIL_WITHOUT_SHARED"):
        outside(tmp_path / "golden")
    (tmp_path / "file").touch()
    with pytest.raises(pytest.fail.Exception, match="file is not there"):
        outside(tmp_path / "file")


def test_what_reads_golden_outputs_is_marked(golden: Path, request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("golden")


@pytest.fixture
def through(golden: Path) -> Path:
    return golden / "seed.txt"


def test_also_through_another_fixture(through: Path, request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("golden")


def test_others_are_not(media: Path, request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("golden") is None
