"""Models in other forms answer as they do themselves, for any number of windows."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from avel.models.card import Card, CheckpointError
from avel.models.checkpoint import save_checkpoint
from avel.models.table import build
from avel.pipeline.exchange import runtimes
from avel.pipeline.exchange.runtimes import (
    INPUTS,
    OUTPUTS,
    TOLERANCE,
    Traced,
    export,
    windows,
    write,
)
from avel.pipeline.reasons import EnvironmentProblem, InputError

SMALL = {
    "num_classes": 3,
    "audio_dim": 6,
    "visual_dim": 5,
    "map_channels": 7,
    "d_model": 8,
    "heads": 2,
    "agva_hidden": 8,
}
FEW = {
    **SMALL,
    "bidirectional": False,
    "attention": False,
    "gate": False,
    "fusion": "concatenation",
}
"""Tracing takes as long as a model has operations; here is one scan of Mamba, and little else."""


def checkpoint(path: Path, options: dict[str, object], name: str = "dmsf") -> Path:
    torch.manual_seed(1)
    save_checkpoint(path, Card(name, options, ("a", "b", "c"), 2, {}), build(name, options), {})
    return path


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    folder = tmp_path_factory.mktemp("run")
    checkpoint(folder / "model.safetensors", FEW)
    return runtimes.trace(folder)  # a run folder is as good as the file in it


def test_torch_export_is_the_model(traced: Traced, tmp_path: Path) -> None:
    assert write(traced, "torch-export", tmp_path / "new" / "m.pt2") < 1e-6
    module = torch.export.load(tmp_path / "new" / "m.pt2").module()
    for count in (1, 7):
        given = windows(traced.card, count)
        relevance, classes = module(*given)
        assert (relevance.shape, classes.shape) == ((count, 2), (count, 3))
        torch.testing.assert_close((relevance, classes), traced.model(*given))


def test_onnx_is_the_model(traced: Traced, tmp_path: Path) -> None:
    import onnxruntime  # slow, and only here

    assert write(traced, "onnx", tmp_path / "m.onnx") < 1e-5
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    assert [value.name for value in session.get_inputs()] == list(INPUTS)
    assert [value.name for value in session.get_outputs()] == list(OUTPUTS)
    given = windows(traced.card, 3)
    named = {name: np.asarray(value) for name, value in zip(INPUTS, given, strict=True)}
    for found, expected in zip(session.run(None, named), traced.model(*given), strict=True):
        np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


def test_a_model_that_differs_is_not_kept(
    traced: Traced, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "m.pt2"

    def off_by(amount: float):  # type: ignore[no-untyped-def]
        def written(_: object, path: Path):  # type: ignore[no-untyped-def]
            path.touch()
            return lambda inputs: tuple(x + amount for x in traced.model(*inputs))

        return written

    monkeypatch.setattr(runtimes, "_torch", off_by(TOLERANCE / 2))
    assert write(traced, "torch-export", out) == pytest.approx(TOLERANCE / 2, rel=0.01)
    assert out.exists()
    monkeypatch.setattr(runtimes, "_torch", off_by(0.25))
    with pytest.raises(
        InputError, match=r"m\.pt2: the exported model differs by 0\.25 \(allowed 0\.0001\) and was"
    ):
        write(traced, "torch-export", out)
    assert not out.exists()
    monkeypatch.setattr(runtimes, "_torch", off_by(float("nan")))
    with pytest.raises(InputError, match="differs by nan"):
        write(traced, "torch-export", out)


def test_windows_have_the_models_shapes_and_some_are_short(traced: Traced) -> None:
    audio, visual_map, visual, mask = windows(traced.card, 3)
    assert (audio.shape, visual_map.shape, visual.shape) == ((3, 2, 6), (3, 2, 49, 7), (3, 2, 5))
    assert mask.tolist() == [[True, True], [True, False], [True, False]]
    assert torch.equal(audio, windows(traced.card, 3)[0])


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--format tflite: must be one of onnx, torch-export"):
        export(tmp_path / "m", "tflite", tmp_path / "o")
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        export(tmp_path / "none.safetensors", "torch-export", tmp_path / "o")
    matcher = checkpoint(tmp_path / "cmm.safetensors", {}, "cmm")
    with pytest.raises(InputError, match="model 'cmm' answers queries"):
        export(matcher, "torch-export", tmp_path / "o")


def test_packages_that_are_missing_are_named_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(
        EnvironmentProblem, match=r"not installed \(.*onnxscript.*\); pip install 'avel\[export\]'"
    ):
        export(tmp_path / "none.safetensors", "onnx", tmp_path / "o")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["torch-export", "onnx"])
def test_the_shipped_model_with_all_its_parts(tmp_path: Path, form: str) -> None:
    from avel.pipeline.method.model import DEFAULT_MODEL

    assert export(DEFAULT_MODEL, form, tmp_path / "m") < TOLERANCE
