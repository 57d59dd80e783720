"""A trained model for other runtimes: ONNX or torch.export, each compared with the model itself."""

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from avel.models.card import Card, checkpoint_of
from avel.models.checkpoint import load_checkpoint
from avel.models.output import Visual
from avel.pipeline.formats.folder import make_folder
from avel.pipeline.method.model import refuse_matcher
from avel.pipeline.reasons import EnvironmentProblem, InputError

INPUTS = ("audio", "visual_map", "visual", "mask")
OUTPUTS = ("relevance", "classes")
TOLERANCE = 1e-4
"""Largest difference of a probability that counts as the same."""
Run = Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]]
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


@dataclass(frozen=True)
class Traced:
    """A model as a graph of operations, and the model itself to compare with."""

    card: Card
    model: Probabilities
    program: torch.export.ExportedProgram


def export(checkpoint: Path, form: str, out: Path) -> float:
    """Write a model in another form and compare it on random windows, padded ones too.

    Args:
        checkpoint: File or run folder.
        form: `onnx` or `torch-export`.
        out: File to write; any batch size fits it, T is the model's own.

    Returns:
        Largest difference of a probability in [0, 1] from the model's own.

    Raises:
        EnvironmentProblem: the packages for the form are not installed.
        InputError: no such form, or the exported model answers otherwise; the file is removed.
    """
    if form not in SUFFIXES:
        raise InputError(f"--format {form}: must be one of {', '.join(SUFFIXES)}")
    if form == "onnx":
        require_onnx()
    return write(trace(checkpoint), form, out)


def trace(checkpoint: Path) -> Traced:
    """The graph of a checkpoint's model, for windows (B, T, ...) of any batch size B.

    Raises:
        CheckpointError: it is missing or damaged.
        InputError: the model finds no events.
    """
    card, model, _ = load_checkpoint(checkpoint_of(checkpoint))
    refuse_matcher(card)
    wrapped = Probabilities(model).eval().requires_grad_(False)
    batch = torch.export.Dim("batch", min=1, max=65_536)
    shapes = tuple({0: batch} for _ in INPUTS)
    program = torch.export.export(wrapped, windows(card, 2), dynamic_shapes=shapes)
    return Traced(card, wrapped, program)


def write(traced: Traced, form: str, out: Path) -> float:
    """Write a graph and compare what is read back; the difference in [0, 1] as `export`."""
    make_folder(out.parent)
    run = _onnx(traced.program, out) if form == "onnx" else _torch(traced.program, out)
    inputs = windows(traced.card, 5)
    with torch.inference_mode():
        expected = traced.model(*inputs)
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


def _torch(program: torch.export.ExportedProgram, out: Path) -> Run:
    torch.export.save(program, out)
    module = torch.export.load(out).module()

    def run(inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        with torch.inference_mode():
            return tuple(module(*inputs))

    return run


def require_onnx() -> None:
    """Refuse to write ONNX where nothing can write or run it.

    Raises:
        EnvironmentProblem: a package of the extra `export` is not installed.
    """
    for package in ("onnxruntime", "onnxscript"):
        try:
            import_module(package)
        except ImportError as err:
            raise EnvironmentProblem(
                f"--format onnx needs packages that are not installed ({err}); "
                "pip install 'avel[export]'"
            ) from err


def _onnx(program: torch.export.ExportedProgram, out: Path) -> Run:
    import onnxruntime  # optional: the extra `export`

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
