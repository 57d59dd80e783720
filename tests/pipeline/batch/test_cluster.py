"""Loops on a real Dask cluster of this machine."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from avel.pipeline.batch import extraction
from avel.pipeline.batch.cluster import _outcomes, on_cluster
from avel.pipeline.batch.extraction import BatchConfig, Extraction
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import EnvironmentProblem, InputError
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.batch.disturbed import MOST_SECONDS, Run, running, write_films
from tests.pipeline.method.stubs import StubEncoder, stub_plan

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'avel[cluster]'")
REPOSITORY = Path(__file__).resolve().parents[3]
COMMAND = (sys.executable, "-m", "tests.pipeline.batch.stub_loop")


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are started fresh, in the folder in which the tests run."""
    path = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)


def test_two_loops_of_which_one_dies_are_heard_to_their_end(tmp_path: Path) -> None:
    """Dask starts the one that died again; what it had said comes again."""
    words = [str(tmp_path / "mark"), "a", "kill-once", "b"]
    found = Counter(str(o.path) for o in on_cluster("local", words, 2, COMMAND))
    assert found["b"] == 2
    assert found["a"] in (2, 3)


@pytest.mark.slow
def test_of_two_loops_on_one_cache_one_is_killed_and_nothing_is_lost(tmp_path: Path) -> None:
    write_films(tmp_path / "films", 24)
    words = [tmp_path / "films", "--devices", 2, "--lot", 4, "--cluster", "local"]
    with running(Run(words, tmp_path, seconds=0.2)) as run:
        run.wait_for(lambda: len(run.loops) == 2 and run.told["extracted"] >= 2)
        killed = run.loops[0]
        os.kill(killed, signal.SIGKILL)
        assert run.process.wait(MOST_SECONDS) == 0  # Dask logs that the loop was killed
    assert run.told["extracted"] + run.told["cached"] == len(run.features) == 24
    assert len(run.loops) == 3, "another was started for it"
    assert [path for path in run.left() if str(killed) not in path.name] == []


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    words = [str(tmp_path / "mark"), "kill-parent-once", "b"]
    outcomes = on_cluster("local", words, 2, COMMAND)
    found = Counter(str(o.path) for o in outcomes)
    assert found["b"] >= 2


def test_a_loop_that_refuses_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        EnvironmentProblem, match=r"a loop of the cluster ended: loop 0 ended with 4"
    ):
        list(on_cluster("local", [str(tmp_path / "mark"), "exit4"], 1, COMMAND))


def test_no_scheduler_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avel.pipeline.batch.cluster.CONNECT_SECONDS", 1)
    with pytest.raises(EnvironmentProblem, match=r"tcp://127\.0\.0\.1:9: no scheduler answers"):
        next(on_cluster("tcp://127.0.0.1:9", [], 1))


def test_a_scheduler_that_goes_while_loops_run_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its futures are done then, and hold no error."""
    gone = SimpleNamespace(done=lambda: True, exception=lambda: None, status="cancelled")
    with pytest.raises(EnvironmentProblem, match=r"the cluster's scheduler is gone, .* run again"):
        list(_outcomes([gone], SimpleQueue(), lambda: None))


def test_an_address_that_is_none() -> None:
    with pytest.raises(InputError, match=r"--cluster here: must be 'local' or a scheduler's"):
        next(on_cluster("here", [], 1))


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EnvironmentProblem, match=r"needs Dask; install it with: pip install"):
        next(on_cluster("local", [], 1))


def test_each_loop_of_this_machine_has_a_device_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its part of the cores, as loops without Dask have."""
    film = tmp_path / "a.mp4"
    film.touch()
    monkeypatch.setattr("avel.pipeline.work.runtime.visible_gpus", lambda device: ["3", "5"])
    monkeypatch.setattr(extraction, "default_workers", lambda: 6)
    heard = list[object]()

    def on_cluster(*given: object) -> Iterator[Outcome]:
        heard.extend(given)
        yield from ()

    monkeypatch.setattr(extraction, "on_cluster", on_cluster)
    for address in ("local", "tcp://head:8786"):
        heard.clear()
        runtime = RuntimeConfig(cache_dir=tmp_path / "cache", workers=6)
        config = BatchConfig(loops=2, cluster=address)
        work = Extraction([str(film)], stub_plan(StubEncoder()), runtime, config)
        assert list(work.apart(["x"])) == []
        words, seen = heard[1], heard[5:]
        assert heard[0] == address
        if address != "local":
            assert (words, seen) == (["x", "--devices", "1", "--lot", "4"], [])
            continue
        assert words == ["x", "--devices", "1", "--lot", "4", "--workers", "3"]
        gpus = [{"OMP_NUM_THREADS": "3", "CUDA_VISIBLE_DEVICES": gpu} for gpu in ("3", "5")]
        assert seen == [gpus]


def test_loops_of_a_cluster_see_what_they_are_given(tmp_path: Path) -> None:
    words, seen = [str(tmp_path / "mark"), "environment"], [{"MARK": "gpu0"}, {"MARK": "gpu1"}]
    found = on_cluster("local", words, 2, COMMAND, environments=seen)
    assert sorted(str(o.path) for o in found) == ["gpu0", "gpu1"]


def test_loops_that_shall_stop_end_and_are_not_started_again(tmp_path: Path) -> None:
    """Each would wait for a quarter of an hour."""
    words = [str(tmp_path / "mark"), "a", "wait", "b"]
    heard = list[str]()
    for outcome in on_cluster("local", words, 2, COMMAND, lambda: len(heard) == 2):
        heard.append(str(outcome.path))
    assert heard == ["a", "a"]
