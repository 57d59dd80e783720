"""Known weight files: found or not, published or not, and put in place whole."""

import os
from pathlib import Path

import pytest

from avel.extractors.weights import registry
from avel.extractors.weights.files import WeightsError, WeightsFile, find_file
from avel.extractors.weights.registry import Published
from avel.pipeline.exchange import weight_files
from avel.pipeline.exchange.weight_files import (
    OTHER,
    Known,
    Megabytes,
    add,
    known_files,
    names,
    verdict,
)
from avel.pipeline.reasons import InputError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path / "w"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    entry = Published("w.pt", "http://127.0.0.1:1/w.pt", 5, "5" * 64, "some", "MIT")
    monkeypatch.setitem(registry.PUBLISHED, "w.pt", entry)
    return tmp_path / "w"


def test_names_are_those_that_are_looked_for_and_those_published(folder: Path) -> None:
    found = names()
    assert {"audioclip-tiny.safetensors", "AudioCLIP-Full-Training.pt", "CLIP.pt", "w.pt"} <= set(
        found
    )
    assert len(set(found)) == len(found)


def test_known_files_are_hashed_where_they_are(folder: Path) -> None:
    known = {each.name: each for each in known_files()}
    tiny = known["audioclip-tiny.safetensors"]
    assert tiny.found == find_file("audioclip-tiny.safetensors")
    assert (tiny.is_missing, tiny.problem, tiny.verdict) == (False, "", "")
    assert known["w.pt"].is_missing
    assert known["w.pt"].how_to_get == "some, 0 MB, MIT: avel weights fetch w.pt"


def test_a_file_that_is_there_and_cannot_be_used_is_not_missing() -> None:
    broken = Known("w.pt", None, "w.pt: is a git-LFS pointer of 5 bytes")
    assert not broken.is_missing
    assert broken.how_to_get == broken.problem


def test_verdicts(folder: Path) -> None:
    assert verdict("w.pt", "5" * 64) == "as published"
    assert verdict("w.pt", "6" * 64) == OTHER
    assert verdict("mine.pt", "5" * 64) == ""
    found = WeightsFile(Path("w.pt"), "user", "6" * 64)
    assert Known("w.pt", found).verdict == OTHER


def test_an_added_file_is_a_copy_and_there_at_once(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"12345")
    added = add(tmp_path / "mine", "w.pt")
    assert added.path == folder / "w.pt"
    assert added.path.read_bytes() == b"12345"
    assert [path.name for path in folder.iterdir()] == ["w.pt"]
    assert not os.path.samefile(added.path, tmp_path / "mine")
    with pytest.raises(
        InputError, match=r"mine: no weight file avel knows; give --as one of .*w\.pt"
    ):
        add(tmp_path / "mine")
    with pytest.raises(WeightsError, match="no such weight file"):
        add(tmp_path / "none", "w.pt")


def test_megabytes_are_counted_to_their_end(capsys: pytest.CaptureFixture[str]) -> None:
    """pooch counts whole chunks, and all of them once more at the end."""
    shown = Megabytes(5 * (1 << 20) - 7)
    for _ in range(3):
        shown.update(1 << 20)
    assert "MiB" not in capsys.readouterr().err
    shown.reset()
    shown.update(5 << 20)
    shown.close()
    assert "MiB: 5 of 5" in capsys.readouterr().err


def test_fetching_what_nobody_published(folder: Path) -> None:
    with pytest.raises(InputError, match=r"x\.pt: not a published file; there are AudioCLIP-Full"):
        weight_files.fetch_published("x.pt")
