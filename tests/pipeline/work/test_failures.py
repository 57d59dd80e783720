"""What failed is remembered by content, across processes."""

import json
from pathlib import Path

import pytest

from avel.pipeline.reasons import Reason
from avel.pipeline.work.failures import NAME, QUARANTINED, Failure, Failures

KEY, OTHER = "a" * 64, "b" * 64


def crash(path: str = "x.mp4", key: str = KEY) -> Failure:
    return Failure(Path(path), key, Reason.WORKER_CRASH, f"{path}: the decoder died")


def test_another_process_knows_what_failed(tmp_path: Path) -> None:
    Failures(tmp_path).add(crash())
    found = Failures(tmp_path).of(KEY)
    assert found == crash()
    assert str(found.error) == "WORKER_CRASH: x.mp4: the decoder died"
    assert Failures(tmp_path).of(OTHER) is None


@pytest.mark.parametrize("reason", [Reason.DECODE_ERROR, Reason.EMPTY, Reason.UNAVAILABLE])
def test_only_what_harms_others_is_quarantined(tmp_path: Path, reason: Reason) -> None:
    assert reason not in QUARANTINED
    failures = Failures(tmp_path)
    failures.add(Failure(Path("x"), KEY, reason, "why"))
    assert failures.of(KEY) is None
    assert failures.of(KEY, frozenset(Reason)) is not None


def test_a_later_line_stands_for_earlier_ones(tmp_path: Path) -> None:
    failures = Failures(tmp_path)
    failures.add(crash())
    failures.add(Failure(Path("y.mp4"), KEY, Reason.TIMEOUT, "too slow"))
    [one] = Failures(tmp_path)
    assert (one.path, one.reason) == (Path("y.mp4"), Reason.TIMEOUT)


def test_a_success_is_the_end_of_it(tmp_path: Path) -> None:
    failures = Failures(tmp_path)
    failures.add(crash())
    failures.add(Failure(Path("gone.mp4"), "", Reason.MISSING_FILE, "is not a file"))
    failures.forget(Path("x.mp4"), KEY)
    failures.forget(Path("gone.mp4"), OTHER)  # it is there now
    assert not list(failures)
    assert not list(Failures(tmp_path))


def test_the_same_again_takes_no_second_line(tmp_path: Path) -> None:
    for _ in range(3):
        Failures(tmp_path).add(crash())
    assert len((tmp_path / NAME).read_text().splitlines()) == 1


def test_torn_and_foreign_lines_are_skipped(tmp_path: Path) -> None:
    Failures(tmp_path).add(crash())
    with (tmp_path / NAME).open("a") as file:
        file.write('["half\n{}\n' + json.dumps(["p", OTHER, "NO_SUCH", "m", 0]) + "\n7\n")
    Failures(tmp_path).add(crash("z.mp4", OTHER))
    assert {f.path for f in Failures(tmp_path)} == {Path("x.mp4"), Path("z.mp4")}


def test_names_are_bytes(tmp_path: Path) -> None:
    name = b"caf\xe9\n.mp4".decode("utf-8", "surrogateescape")
    Failures(tmp_path).add(crash(name))
    [one] = Failures(tmp_path)
    assert str(one.path) == name


def test_where_nothing_can_be_written_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    failures = Failures(tmp_path / "file")
    failures.add(crash())
    assert failures.of(KEY) == crash()
