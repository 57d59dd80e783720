"""A trained model for other runtimes: ONNX or torch.export, each compared with the model itself."""

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from avel.models.card import Card, checkpoint_of
from avel.models.checkpoint import load_checkpoint
from avel.models.output import Visual
from avel.pipeline.method.model import refuse_matcher
from avel.pipeline.reasons import EnvironmentProblem, InputError

INPUTS = ("audio", "visual_map", "visual", "mask")
OUTPUTS = ("relevance", "classes")
TOLERANCE = 1e-4
"""Largest difference of a probability that counts as the same."""
SUFFIXES = {"onnx": ".onnx", "torch-export": ".pt2"}


class Probabilities(nn.Module):
    """A model as exported: arrays in, relevance (B, T) and class probabilities (B, K) out."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, audio: Tensor, visual_map: Tensor, visual: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Probabilities (B, T) and (B, T, K) of windows; shapes are those of `DMSF.forward`."""
        output = self.model(audio, Visual(visual_map, visual), mask)
        return torch.sigmoid(output.relevance), output.classes.softmax(-1)


def export(checkpoint: Path, form: str, out: Path) -> float:
    """Write a model in another form and compare it on random windows, padded ones too.

    Args:
        checkpoint: File or run folder.
        form: `onnx` or `torch-export`.
        out: File to write; any batch size fits it, T is the model's own.

    Returns:
        Largest difference of a probability from the model's own.

    Raises:
        EnvironmentProblem: the packages for the form are not installed.
        InputError: no such form, or the exported model answers otherwise; the file is removed.
    """
    if form not in SUFFIXES:
        raise InputError(f"--format {form}: must be one of {', '.join(SUFFIXES)}")
    card, model, _ = load_checkpoint(checkpoint_of(checkpoint))
    refuse_matcher(card)
    wrapped = Probabilities(model).eval()
    batch = torch.export.Dim("batch", min=1, max=65_536)
    program = torch.export.export(
        wrapped, windows(card, 2), dynamic_shapes=tuple({0: batch} for _ in INPUTS)
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    run = _onnx(program, out) if form == "onnx" else _torch(program, out)
    inputs = windows(card, 5)
    with torch.inference_mode():
        expected = wrapped(*inputs)
    found = run(inputs)
    worst = max(float((e - f).abs().max()) for e, f in zip(expected, found, strict=True))
    if not worst <= TOLERANCE:
        out.unlink()
        raise InputError(
            f"{out}: the exported model differs by {worst:.2g} (allowed {TOLERANCE:g}) and was "
            "removed; please report it with the checkpoint"
        )
    return worst


def windows(card: Card, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Random inputs (B, T, ...) of a model; every window but the first is shorter than the last."""
    g = torch.Generator().manual_seed(count)
    options, T = card.options, card.cells
    audio = torch.randn(count, T, options["audio_dim"], generator=g)
    visual_map = torch.randn(count, T, 49, options["map_channels"], generator=g)
    # a model that reads the map alone takes any
    visual = torch.randn(count, T, options.get("visual_dim", 1), generator=g)
    lengths = torch.tensor([max(1, T - 2 * n) for n in range(count)])
    return audio, visual_map, visual, torch.arange(T)[None] < lengths[:, None]


Run = Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]]


def _torch(program: Any, out: Path) -> Run:
    torch.export.save(program, out)
    module = torch.export.load(out).module()
    with torch.inference_mode():
        return lambda inputs: module(*inputs)


def _onnx(program: Any, out: Path) -> Run:
    try:  # optional: the extra `export`
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as err:
        raise EnvironmentProblem(
            f"--format onnx needs packages that are not installed ({err}); "
            "pip install 'avel[export]'"
        ) from err
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exported = torch.onnx.export(
            program, input_names=INPUTS, output_names=OUTPUTS, dynamo=True, verbose=False
        )
    assert exported is not None  # torch gives a program where no file is named
    exported.save(out)
    session = onnxruntime.InferenceSession(out)

    def run(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        named = dict(zip(INPUTS, (np.asarray(x) for x in inputs), strict=True))
        return tuple(torch.from_numpy(value) for value in session.run(list(OUTPUTS), named))

    return run
