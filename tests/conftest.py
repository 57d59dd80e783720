"""Shared fixtures: reproducible randomness, the outside folders, small media made on the spot."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from avel.pipeline.cli import main
from avel.pipeline.synth.dataset import write_synth
from avel.pipeline.synth.script import SynthConfig
from tests.outside import outside

# two test processes share two cores; the commands that they start inherit it
os.environ.setdefault("OMP_NUM_THREADS", "1")
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(autouse=True)
def _fresh_randomness() -> Iterator[None]:
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    torch.set_rng_state(states[2])


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVEL_CACHE_DIR", str(tmp_path / "default-cache"))


@pytest.fixture(scope="session")
def media() -> Path:
    """Real files that break pipelines."""
    return outside(SHARED / "media")


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
    """A dataset of which six unseen test videos are filmed."""
    folder = tmp_path_factory.mktemp("synth")
    list(write_synth(folder, SynthConfig(num_videos=84, noisy_share=0, seed=777), 2, only_test=6))
    return folder


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory, synth: Path) -> Path:
    """A cache in which the six videos are done."""
    cache = tmp_path_factory.mktemp("cache")
    assert main(["localize", str(synth / "AVE"), "--cache-dir", str(cache), "--json"]) == 0
    return cache


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "golden" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.golden)
    if torch.cuda.is_available() or os.environ.get("FAIL_WITHOUT_CUDA") == "1":
        return
    for item in items:
        if item.get_closest_marker("needs_cuda"):
            item.add_marker(pytest.mark.skip(reason="no NVIDIA GPU"))
