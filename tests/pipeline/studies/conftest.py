"""One small leaderboard whose runs several tests read."""

from pathlib import Path

import pytest

from tests.pipeline.studies.small import SMALL, bench_command


@pytest.fixture(scope="session")
def board(bench: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("board")
    (out / "small.yaml").write_text(SMALL)
    assert bench_command(bench, out) == 0
    return out
