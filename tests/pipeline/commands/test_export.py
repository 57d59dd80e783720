"""`avel export`: where it writes, and what it says of it."""

from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.exchange import runtimes
from avel.pipeline.method.model import DEFAULT_MODEL


def test_the_command_says_what_it_wrote(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(runtimes, "trace", lambda path: path)
    monkeypatch.setattr(runtimes, "write", lambda *given: asked.append(given) or 2.5e-7)
    assert main(["export", "--format", "torch-export", "--model", "some/run"]) == 0
    assert asked == [(Path("some/run"), "torch-export", Path("model.pt2"))]
    assert capsys.readouterr().out.splitlines() == [
        "model.pt2: audio, visual_map, visual, mask -> relevance, classes; any batch size",
        "largest difference from the model: 2.5e-07",
    ]


def test_onnx_of_the_shipped_model_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(runtimes, "export", lambda *given: asked.append(given) or 0.0)
    assert main(["export"]) == 0
    assert main(["export", "--out", "o/x.onnx"]) == 0
    assert asked == [
        (DEFAULT_MODEL, "onnx", Path("model.onnx")),
        (DEFAULT_MODEL, "onnx", Path("o/x.onnx")),
    ]


def test_a_checkpoint_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["export", "--format", "torch-export", "--model", str(tmp_path / "none.safetensors")]
    assert main(argv) == 2
    assert "no such checkpoint" in capsys.readouterr().err
