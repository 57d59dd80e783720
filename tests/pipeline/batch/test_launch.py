"""Loops as processes: heard, started again, and gone at the end."""

import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.batch.launch import MOST_DEATHS, Loops, environments, outcome_of, to_line
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import EnvironmentProblem, Reason

COMMAND = (sys.executable, "-m", "tests.pipeline.batch.stub_loop")
NONE: dict[str, str] = {}


def heard(tmp_path: Path, *words: str, loops: int = 1) -> list[Outcome]:
    with Loops([str(tmp_path / "mark"), *words], [NONE] * loops, COMMAND) as running:
        return list(running.outcomes())


def test_every_loop_is_heard(tmp_path: Path) -> None:
    found = heard(tmp_path, "a", "b\n", loops=2)
    assert Counter(str(o.path) for o in found) == {"a": 2, "b\n": 2}
    assert {(o.key, o.cells) for o in found} == {("k", 3)}


def test_a_loop_that_is_killed_is_started_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = heard(tmp_path, "a", "kill-once", "b")
    assert [str(o.path) for o in found] == ["a", "a", "b"]
    assert (
        f"loop 0 ended with SIGKILL; started again (1 of {MOST_DEATHS})" in capsys.readouterr().err
    )


def test_loops_that_die_again_and_again_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EnvironmentProblem, match=r"loop 0 ended with SIGKILL and none is left"):
        heard(tmp_path, "kill")
    assert capsys.readouterr().err.count("started again") == MOST_DEATHS


def test_a_loop_that_gets_on_may_die_as_often_as_it_likes(tmp_path: Path) -> None:
    with Loops([str(tmp_path / "mark"), "a", "kill"], [NONE], COMMAND) as running:
        outcomes = running.outcomes()
        assert {str(next(outcomes).path) for _ in range(2 * MOST_DEATHS)} == {"a"}


def test_a_loop_that_refuses_is_not_asked_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EnvironmentProblem, match=r"loop 0 ended with exit code 4"):
        heard(tmp_path, "exit4")
    assert "started again" not in capsys.readouterr().err


def test_a_loop_that_is_given_up_beside_others_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    words = [str(tmp_path / "mark"), "exit4@0", "wait"]
    with Loops(words, [{"MARK": "0"}, {"MARK": "1"}], COMMAND) as running:

        def warn(sentence: str) -> None:
            said.append(sentence)
            running.finish()

        monkeypatch.setattr("avel.pipeline.batch.launch.warn", warn)
        assert list(running.outcomes()) == []
    assert said == ["loop 0 ended with exit code 4; its lots go to the others (1 left)"]


def test_failed_videos_are_no_failed_loop(tmp_path: Path) -> None:
    assert len(heard(tmp_path, "a", "exit3")) == 1


def test_each_sees_its_own_environment(tmp_path: Path) -> None:
    environments = [{"MARK": "gpu0"}, {"MARK": "gpu1"}]
    with Loops([str(tmp_path / "mark"), "environment"], environments, COMMAND) as running:
        assert sorted(str(o.path) for o in running.outcomes()) == ["gpu0", "gpu1"]


def test_at_the_end_none_runs(tmp_path: Path) -> None:
    with Loops([str(tmp_path / "mark"), "a", "wait"], [NONE] * 2, COMMAND) as running:
        next(running.outcomes())
        pids = running.pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_loop_that_says_late_that_it_hears_is_ended_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine the line that says so is not read yet when the end comes."""
    mark, ask, asked = tmp_path / "mark", Loops._ask, []

    def remembered(loops: Loops, loop: Any, number: int) -> None:
        if loop.process is not None:
            asked.append(number)
        ask(loops, loop, number)

    monkeypatch.setattr(Loops, "_ask", remembered)
    with Loops([str(mark), "late"], [NONE], COMMAND):
        while not mark.exists():
            time.sleep(0.01)
    assert asked == [signal.SIGTERM, signal.SIGINT]


def test_gpus_are_those_that_may_be_seen() -> None:
    assert environments(2, ["3", "5", "7"], 8) == [
        {"OMP_NUM_THREADS": "4", "CUDA_VISIBLE_DEVICES": "3"},
        {"OMP_NUM_THREADS": "4", "CUDA_VISIBLE_DEVICES": "5"},
    ]
    assert environments(3, [], 2) == [{"OMP_NUM_THREADS": "1"}] * 3
    with pytest.raises(EnvironmentProblem, match=r"--devices 3: there are 2 GPUs \(0, 1\)"):
        environments(3, ["0", "1"], 2)


def test_outcomes_are_lines() -> None:
    name = os.fsdecode(b"caf\xe9\n.mp4")
    for outcome in (
        Outcome(Path(name), "k", cached=True, cells=7),
        Outcome(Path("x"), None, reason=Reason.EMPTY, message="0 bytes\nin two lines"),
    ):
        line = to_line(outcome)
        assert "\n" not in line
        assert outcome_of(line) == outcome


def test_loops_that_are_asked_to_finish_are_heard_to_their_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not started again, whatever their exit code."""
    with Loops([str(tmp_path / "mark"), "a", "wait"], [NONE] * 2, COMMAND) as running:
        outcomes = running.outcomes()
        assert [str(next(outcomes).path) for _ in range(2)] == ["a", "a"]
        running.finish()
        assert list(outcomes) == []
        assert running.pids == []
    assert "started again" not in capsys.readouterr().err


def test_a_loop_that_somebody_else_ended_is_started_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says 143 then, as it would to a terminal."""
    with pytest.raises(EnvironmentProblem, match=r"loop 0 ended with exit code 143 and none"):
        heard(tmp_path, "exit143")
    assert capsys.readouterr().err.count("started again") == MOST_DEATHS


def test_the_line_that_says_ready_is_no_outcome(tmp_path: Path) -> None:
    with Loops([str(tmp_path / "mark"), "ready", "a"], [NONE], COMMAND) as running:
        assert [str(o.path) for o in running.outcomes()] == ["a"]
