"""What failed is remembered by content, across processes."""

import json
from pathlib import Path

import pytest

from avel.pipeline.reasons import Reason
from avel.pipeline.work.failures import NAME, QUARANTINED, Failure, Failures, failures_of, folder_of

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


def written(folder: Path, *lines: tuple[str, str, str, float]) -> Failures:
    """A memory of these lines: path, key, reason, seconds since 1970."""
    folder.mkdir(parents=True, exist_ok=True)
    said = [[path, key, reason, f"{path}: why", at] for path, key, reason, at in lines]
    (folder / NAME).write_text("".join(json.dumps(line) + "\n" for line in said))
    return Failures(folder)


def took(ours: Path, theirs: Failures, *made: str) -> dict[str, str]:
    """What is remembered after another memory was taken in: reasons by mark."""
    taken = Failures(ours)
    taken.take(theirs, made.__contains__)
    found = {failure.mark: str(failure.reason) for failure in Failures(ours)}
    assert found == {failure.mark: str(failure.reason) for failure in taken}, "here and on disk"
    return found


def test_of_two_memories_what_was_said_last_counts(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    written(ours, ("x", KEY, "OOM", 10), ("y", OTHER, "OOM", 10), ("z.mp4", "", "EMPTY", 10))
    other = written(
        theirs,
        ("x", KEY, "TIMEOUT", 11),
        ("y", OTHER, "TIMEOUT", 9),
        ("gone.mp4", "", "MISSING_FILE", 1),
        ("c", "c" * 64, "OOM", 1),
        ("c", "c" * 64, "", 2),
    )
    expected = {KEY: "TIMEOUT", OTHER: "OOM", "z.mp4": "EMPTY", "gone.mp4": "MISSING_FILE"}
    assert took(ours, other) == expected
    before = (ours / NAME).read_text()
    assert took(ours, other) == expected
    assert (ours / NAME).read_text() == before, "once more adds nothing"


def test_a_later_success_elsewhere_is_the_end_of_a_failure(tmp_path: Path) -> None:
    written(tmp_path / "a", ("x", KEY, "OOM", 10), ("y", OTHER, "OOM", 10))
    other = written(tmp_path / "b", ("x", KEY, "", 11), ("y", OTHER, "", 9))
    assert took(tmp_path / "a", other) == {OTHER: "OOM"}


def test_what_has_features_is_no_failure(tmp_path: Path) -> None:
    """Neither one of ours nor one of theirs."""
    written(tmp_path / "a", ("x", KEY, "OOM", 10))
    other = written(tmp_path / "b", ("y", OTHER, "OOM", 11), ("z", "c" * 64, "OOM", 11))
    assert took(tmp_path / "a", other, KEY, OTHER) == {"c" * 64: "OOM"}


def test_a_memory_is_found_by_its_features(tmp_path: Path) -> None:
    folder_of(tmp_path, "f" * 64).mkdir(parents=True)
    failures_of(tmp_path, "f" * 64).add(crash())
    assert [f.key for f in failures_of(tmp_path, "f" * 64)] == [KEY]
    assert (tmp_path / "work" / ("f" * 16) / NAME).is_file()


def test_a_folder_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    """Below a share that is gone it would lie on another disk."""
    failures = Failures(tmp_path / "gone")
    failures.add(crash())
    assert failures.of(KEY) == crash()
    assert not (tmp_path / "gone").exists()


def test_another_content_under_the_name_is_the_end_of_it(tmp_path: Path) -> None:
    """A file that was damaged is copied again: its old content is nowhere any more."""
    Failures(tmp_path).add(crash("x.mp4", KEY))
    again = Failures(tmp_path)
    again.forget(Path("other.mp4"), OTHER)
    assert [f.key for f in again] == [KEY]
    again.forget(Path("x.mp4"), OTHER)
    assert not list(again)
    assert not list(Failures(tmp_path))
