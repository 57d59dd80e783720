"""One small leaderboard whose runs several tests read."""

from pathlib import Path

import pytest

from tests.once import made_once
from tests.pipeline.studies.small import SMALL, bench_command


@pytest.fixture(scope="session")
def board(shared_bench: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the runs and the tables of a small `avel bench`."""

    def make(out: Path) -> None:
        (out / "small.yaml").write_text(SMALL)
        assert bench_command(shared_bench, out) == 0

    return made_once(tmp_path_factory, "board", make)
