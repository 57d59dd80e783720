from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.reasons import MediaError, Reason
from avel.pipeline.server import rehearsal as module
from avel.pipeline.server.rehearsal import CELLS, grey, rehearse


@pytest.mark.parametrize(("views", "shape"), [(0, (10, 2, 3, 32, 32)), (1, (10, 2, 2, 3, 32, 32))])
def test_cells_are_cut_as_films_are(views: int, shape: tuple[int, ...]) -> None:
    cells = grey(SegmentConfig(frames_per_cell=2, image_size=32, sample_rate=8_000, views=views))
    assert cells.frames.shape == shape
    assert cells.samples.shape == (CELLS, 8_000)
    assert cells.visual_mask.all()
    assert not cells.samples.any()


def test_networks_run_once_and_processes_are_started(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    seen: list[tuple[str, int]] = []

    def embed(sense: str) -> Any:
        def run(batch: Any) -> dict[str, Any]:
            seen.append((sense, len(batch)))
            names = ("visual", "visual_map") if sense == "sight" else ("audio",)
            return {name: torch.zeros(len(batch), 4) for name in names}

        return run

    encoder: Any = SimpleNamespace(
        name="a",
        model=torch.nn.Identity(),
        embed_sight=embed("sight"),
        embed_sound=embed("sound"),
    )
    decoded: list[Path] = []

    def decode(paths: list[Path], *_: object) -> list[object]:
        decoded.extend(paths)
        return []

    def ask(task: str, path: Path) -> None:
        raise MediaError(Reason.EMPTY, "nothing")

    monkeypatch.setattr(module, "decode_files", decode)
    rehearse(SegmentConfig(image_size=32, sample_rate=8_000), encoder, 32, SimpleNamespace(ask=ask))  # type: ignore[arg-type]
    assert len(decoded) == 1
    assert {sense for sense, _ in seen} == {"sight", "sound"}
    assert np.sum([size for sense, size in seen if sense == "sight"]) >= CELLS
