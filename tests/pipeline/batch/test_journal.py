"""The folder that tells of a run: a line a video, of one kind of features."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from avel.cache.errors import CacheFull
from avel.pipeline.batch.journal import RUN, VIDEOS, Identity, Journal, lines, read_run
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import EnvironmentProblem, InputError, Reason
from tests.cache.items import fill_up, small_disk

ONE, OTHER = Identity("a" * 64, "1.0"), Identity("b" * 64, "1.0")


def tell(folder: Path, *outcomes: Outcome, identity: Identity = ONE) -> None:
    with Journal(folder, identity) as journal:
        for outcome in outcomes:
            journal.add(outcome)


def test_a_line_is_there_as_soon_as_its_video_has_ended(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    name = os.fsdecode(b"caf\xe9\n.mp4")
    with Journal(folder, ONE) as journal:
        journal.add(Outcome(Path(name), "k", cells=7))
        [line] = lines(folder)
        assert (line["path"], line["outcome"], line["cells"]) == (name, "extracted", 7)
        journal.add(Outcome(Path("b"), "k", cached=True))
        journal.add(Outcome(Path("c"), None, reason=Reason.OOM, message="too\nlarge"))
    found = [(said["outcome"], said["reason"], said["message"]) for said in lines(folder)]
    assert found[1:] == [("cached", None, ""), ("failed", "OOM", "too\nlarge")]
    assert json.loads((folder / RUN).read_text())["fingerprint"] == ONE.fingerprint


def test_the_same_run_again_goes_on(tmp_path: Path) -> None:
    tell(tmp_path, Outcome(Path("a"), "k"))
    with (tmp_path / VIDEOS).open("a") as file:
        file.write('{"path": "torn by a ki')
    assert len(list(lines(tmp_path))) == 1
    tell(tmp_path, Outcome(Path("b"), "k"))
    assert [said["path"] for said in lines(tmp_path)] == ["a", "b"]


def test_other_features_need_another_folder(tmp_path: Path) -> None:
    tell(tmp_path, Outcome(Path("a"), "k"))
    with pytest.raises(InputError, match=r"tells of other features \(a{12}, not b{12}\)"):
        tell(tmp_path, identity=OTHER)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InputError, match=r"holds other files and no run\.json of a run"):
        tell(tmp_path)
    with pytest.raises(InputError, match=r"is a file; name a folder"):
        tell(tmp_path / "thesis.tex")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_what_a_kill_left_of_the_first_file_is_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".run.4711.json").write_text('{"schema": "av')
    tell(tmp_path, Outcome(Path("a"), "k"))
    assert [said["path"] for said in lines(tmp_path)] == ["a"]


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no videos\.jsonl; name a folder of --report"):
        list(lines(tmp_path))


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    tell(tmp_path)
    (tmp_path / VIDEOS).unlink()
    (tmp_path / VIDEOS).symlink_to("/dev/full")
    with pytest.raises(EnvironmentProblem, match=r"cannot be written \(No space left"):
        tell(tmp_path, Outcome(Path("a"), "k"))


def test_what_was_planned_may_be_there_before(tmp_path: Path) -> None:
    """Of the same features; and each time that the run begins is told."""
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"fingerprint": OTHER.fingerprint}))
    with pytest.raises(InputError, match=r"tells of other features \(b{12}, not a{12}\)"):
        tell(tmp_path)
    plan.write_text(json.dumps({"fingerprint": ONE.fingerprint}))
    tell(tmp_path, Outcome(Path("a"), "k"))
    tell(tmp_path)
    run = json.loads((tmp_path / RUN).read_text())
    assert len(run["sessions"]) == 2
    assert run["began"] <= run["sessions"][0]["began"] <= run["sessions"][1]["began"]
    assert set(run["versions"]) >= {"avel", "python", "av"}


def test_a_line_says_what_its_video_took(tmp_path: Path) -> None:
    took = {"decode_seconds": 1.5, "encode_seconds": 2.5, "waited_seconds": 0.5}
    tell(tmp_path, Outcome(Path("a"), "k", num_bytes=77, **took))
    [line] = lines(tmp_path)
    assert {name: line[name] for name in took} == took
    assert line["bytes"] == 77


def test_a_run_over_other_inputs_is_refused(tmp_path: Path) -> None:
    """What both did would be told as if it were of one."""
    one, two = (replace(ONE, inputs=given) for given in (("/a", "/b"), ("/a",)))
    for _ in range(2):  # the same run goes on
        tell(tmp_path, Outcome(Path("x"), "k"), identity=one)
    rule = rf"--report {tmp_path}: tells of another run, over /a and 1 more; name another folder"
    with pytest.raises(InputError, match=rule), Journal(tmp_path, two):
        pass


def test_how_many_there_are_is_told_too(tmp_path: Path) -> None:
    with Journal(tmp_path, ONE, videos=7, missing=["no file x"] * 9):
        pass
    run = read_run(tmp_path)
    assert run["sessions"][0] | {"began": ""} == {"began": "", "videos": 7, "missing": 9}
    assert run["missing"] == ["no file x"] * 5


def test_a_full_disk_is_waited_out_and_no_line_is_torn(tmp_path: Path) -> None:
    """A disk takes the half of a line before it is full."""
    with small_disk(tmp_path / "disk", 64) as disk:
        if disk is None:
            pytest.skip("this machine lets nobody mount")
        fillers, names = [], [f"{n:03d}" + "x" * 300 for n in range(60)]

        def insist(write: Callable[[], object]) -> object:
            try:
                return write()
            except CacheFull:
                fillers.pop().unlink()
                return write()

        with Journal(disk / "night", ONE, insist=insist) as journal:
            fillers.append(fill_up(disk))
            for name in names:
                journal.add(Outcome(Path(name), "k"))
        assert not fillers, "the disk was full"
        assert [said["path"] for said in lines(disk / "night")] == names
