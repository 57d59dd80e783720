"""Exported models answer as the model does, or are not kept."""

from pathlib import Path

import pytest

from avel.pipeline.cli import main


@pytest.mark.parametrize(("form", "name"), [("torch-export", "m.pt2"), ("onnx", "m.onnx")])
def test_exported_models_answer_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, name: str
) -> None:
    if form == "onnx":
        pytest.importorskip("onnxscript")
        pytest.importorskip("onnxruntime")
    assert main(["export", "--format", form, "--out", str(tmp_path / name)]) == 0
    assert "largest difference from the model" in capsys.readouterr().out
    assert (tmp_path / name).stat().st_size > 1_000_000


def test_an_exported_model_that_differs_is_not_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "avel.pipeline.exchange.runtimes._torch",
        lambda *_: lambda x: (x[0][..., 0], x[2][:, 0, :28]),
    )
    (tmp_path / "m.pt2").touch()
    assert main(["export", "--format", "torch-export", "--out", str(tmp_path / "m.pt2")]) == 2
    assert "the exported model differs by" in capsys.readouterr().err
    assert not (tmp_path / "m.pt2").exists()
