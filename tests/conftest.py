"""Shared fixtures: reproducible randomness, the outside folders, small media made on the spot."""

import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from tests.once import made_once
from tests.outside import outside

# two test processes share two cores; the commands that they start, and torch, inherit it
os.environ.setdefault("OMP_NUM_THREADS", "1")

# a loaded machine is no reason to fail, and every run draws other examples
settings.register_profile(
    "suite", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(autouse=True)
def _fresh_randomness() -> Iterator[None]:
    torch = sys.modules.get("torch")  # importing it costs seconds; not every test needs it
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    drawn = torch.get_rng_state() if torch else None
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    if torch and drawn is not None:
        torch.set_rng_state(drawn)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVEL_CACHE_DIR", str(tmp_path / "default-cache"))


@pytest.fixture
def exact() -> Iterator[None]:
    """Float32 on a GPU as it is on a CPU, not rounded to 10 bits on the way."""
    import torch

    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder in which weights are kept holds any."""
    for name in ("AVEL_WEIGHTS_DIR", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "no-weights"))


@pytest.fixture(scope="session")
def media() -> Path:
    """Real files that break pipelines."""
    return outside(SHARED / "media")


@pytest.fixture(scope="session")
def trials() -> Path:
    """Files on which a run went wrong, each of a kind."""
    return outside(SHARED / "trials")


@pytest.fixture(scope="session")
def real() -> Path:
    """Real clips with labels."""
    return outside(SHARED / "real")


@pytest.fixture(scope="session")
def weights() -> Path:
    """Published weight files."""
    return outside(SHARED / "weights")


@pytest.fixture(scope="session")
def ave_tables() -> Path:
    """The real AVE tables."""
    return outside(SHARED / "data" / "ave")


@pytest.fixture(scope="session")
def golden() -> Path:
    """Outputs of the published implementations."""
    return outside(Path(os.environ.get("AVEL_GOLDEN_DIR", SHARED / "golden")))


@pytest.fixture(scope="session")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of which six unseen test videos are filmed; all test processes read the same."""
    return made_once(tmp_path_factory, "synth", _film)


def _film(folder: Path) -> None:
    from avel.pipeline.synth.dataset import write_synth
    from avel.pipeline.synth.script import SynthConfig

    list(write_synth(folder, SynthConfig(num_videos=84, noisy_share=0, seed=777), 1, only_test=6))


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory, synth: Path) -> Path:
    """A cache in which the six videos are done: a copy, for tests change what is in it."""

    def localize(cache: Path) -> None:
        from avel.pipeline.cli import main

        given = ["--model", "synthetic", "--cache-dir", str(cache), "--json"]
        assert main(["localize", str(synth / "AVE"), *given]) == 0

    made = made_once(tmp_path_factory, "warm", localize)
    return Path(shutil.copytree(made, tmp_path_factory.mktemp("cache") / "warm"))


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "golden" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.golden)
    on_a_gpu = [item for item in items if item.get_closest_marker("needs_cuda")]
    if not on_a_gpu or os.environ.get("FAIL_WITHOUT_CUDA") == "1":
        return
    import torch

    if not torch.cuda.is_available():
        for item in on_a_gpu:
            item.add_marker(pytest.mark.skip(reason="no NVIDIA GPU"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A skip is a failure where a GPU is promised, whatever its reason."""
    made = yield
    report = made.get_result()  # type: ignore[attr-defined]
    promised = os.environ.get("FAIL_WITHOUT_CUDA") == "1"
    if promised and report.skipped and item.get_closest_marker("needs_cuda"):
        report.outcome = "failed"
        report.longrepr = f"FAIL_WITHOUT_CUDA is 1, and this test was skipped: {report.longrepr}"
