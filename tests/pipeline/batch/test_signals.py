"""One signal: finish what is in work and publish. Two: now. Of one loop and of several."""

import os
import signal
from pathlib import Path

import pytest

from tests.pipeline.batch.disturbed import Run, running, write_films

CLUSTER = ("--cluster", "local")
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
FILMS = 24
SLOW = pytest.mark.slow


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signals") / "films"
    write_films(folder, FILMS)
    return folder


@pytest.mark.parametrize(("number", "loops"), [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
def test_one_signal_finishes_what_is_in_work(
    films: Path, tmp_path: Path, number: int, loops: int
) -> None:
    """As a terminal and a scheduler send it: to everybody."""
    words = [films, "--devices", loops, "--lot", 4]
    with running(Run(words, tmp_path, seconds=0.3)) as run:
        run.wait_for(lambda: len(run.loops) == loops and run.begun > run.told["extracted"] >= 2)
        begun = run.begun
        os.killpg(run.process.pid, number)
        for pid in run.loops if loops > 1 and number == signal.SIGTERM else ():
            os.kill(pid, number)
        assert run.end() == CODES[number]
    assert "stopping: what is in work is finished and published first" in run.said
    assert "everything finished is kept, run again to go on" in run.said
    made = run.told["extracted"]
    assert begun <= made < FILMS, "what was in work is finished, and nothing else is begun"
    assert len(run.features) == made
    assert run.left() == []
    assert (run.report / "report.json").exists()


@pytest.mark.parametrize(("number", "loops"), [(signal.SIGTERM, 1), (signal.SIGINT, 2)])
def test_two_signals_stop_at_once(films: Path, tmp_path: Path, number: int, loops: int) -> None:
    """A batch would take ten minutes."""
    words = [films, "--devices", loops, "--lot", 4]
    with running(Run(words, tmp_path, seconds=600)) as run:
        run.wait_for(lambda: len(run.loops) == loops)
        os.killpg(run.process.pid, number)
        run.wait_for(lambda: "stopping: what is in work" in run.said)
        os.killpg(run.process.pid, number)
        assert run.end() == CODES[number]
    assert run.said.count("everything finished is kept") == 1
    assert run.told == {}
    assert run.left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=SLOW)])
def test_one_signal_on_a_cluster_of_our_own(films: Path, tmp_path: Path, number: int) -> None:
    """A terminal sends it to everybody, but it is for us: Dask starts again what it ended."""
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'avel[cluster]'")
    with running(Run([films, "--devices", 2, "--lot", 4, *CLUSTER], tmp_path, seconds=0.3)) as run:
        run.wait_for(lambda: run.told["extracted"] >= 2 and len(run.loops) == 2)
        os.killpg(run.process.pid, number)
        assert run.end() == CODES[number]
    assert run.told["extracted"] < FILMS
    assert run.left() == []
    assert len(run.features) == run.told["extracted"]


def test_one_signal_while_a_cluster_of_our_own_begins(films: Path, tmp_path: Path) -> None:
    """Its workers load Dask first, and die of nothing."""
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'avel[cluster]'")
    with running(Run([films, "--devices", 2, "--lot", 4, *CLUSTER], tmp_path, seconds=0.3)) as run:
        run.wait_for(lambda: len(run.children) > 2)  # ours, one that tidies up, and a worker
        os.killpg(run.process.pid, signal.SIGINT)
        assert run.end() == CODES[signal.SIGINT]
    assert "Nanny" not in run.said
    assert run.left() == []


@SLOW
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_two_signals_on_a_cluster_of_our_own(films: Path, tmp_path: Path, number: int) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'avel[cluster]'")
    with running(Run([films, "--devices", 2, "--lot", 4, *CLUSTER], tmp_path, seconds=600)) as run:
        run.wait_for(lambda: len(run.loops) == 2)
        os.killpg(run.process.pid, number)
        run.wait_for(lambda: "stopping: what is in work" in run.said)
        os.killpg(run.process.pid, number)
        assert run.end() == CODES[number]
    assert run.left() == []


def test_what_was_stopped_goes_on(films: Path, tmp_path: Path) -> None:
    with running(Run([films, "--lot", 4], tmp_path, seconds=0.2)) as run:
        run.wait_for(lambda: run.told["extracted"] >= 2)
        run.process.send_signal(signal.SIGTERM)
        assert run.end() == 143
        made = len(run.features)
    with running(Run([films, "--lot", 4], tmp_path, name="again")) as run:
        assert run.end() == 0
    assert run.told == {"cached": made, "extracted": FILMS - made}
    assert len(run.features) == FILMS
