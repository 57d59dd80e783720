"""Localization models on a GPU: do they say what the CPU says, and how fast is the scan?"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from avel.models.checkpoint import load_checkpoint
from avel.models.dmsf.mamba import KERNEL_TOLERANCE, fused_scan, kernel_difference, selective_scan
from avel.models.output import LocalizationOutput, Visual
from avel.models.table import MATCHING, MODELS, build
from avel.pipeline.method.model import DEFAULT_MODEL
from benchmarks.gpu_bench import LEAST, Bench, least_cosine, tell, tf32

B, T, P, C, D = 8, 10, 49, 512, 128
"""Videos, segments, positions, channels of the map, values of a vector: the models' defaults."""
Run = Callable[[nn.Module, torch.device], dict[str, Tensor]]


def parity(bench: Bench) -> None:
    """Each model on the device beside the CPU's float32, TF32 off."""
    tell("lowest cosine of any output of any video with the CPU in float32\n")
    tell("| model | float32 | bfloat16 |\n|---|---|---|")
    for name in (*MODELS, *MATCHING):
        with bench.case(f"parity of {name}"):
            torch.manual_seed(0)
            _row(bench, name, build(name, {}), _matches if name in MATCHING else _localizes)
    with bench.case("parity of the shipped model"):
        _row(bench, DEFAULT_MODEL.stem, load_checkpoint(DEFAULT_MODEL)[1], _localizes)


@torch.inference_mode()
def _row(bench: Bench, name: str, model: nn.Module, run: Run) -> None:
    there = copy.deepcopy(model).eval().to(bench.device)
    expected = run(model.eval(), torch.device("cpu"))
    with tf32(False):
        exact = _lowest(run(there, bench.device), expected)
        judged = bench.judge(f"{name}, float32", exact, LEAST["float32"])
        try:
            with torch.autocast(bench.device.type, torch.bfloat16):
                narrow = _lowest(run(there, bench.device), expected)
        except RuntimeError:
            if bench.on_gpu:
                raise
            tell(f"| {name} | {judged} | not on this CPU |")  # which has no such LSTM
            return
    tell(f"| {name} | {judged} | {bench.judge(f'{name}, bfloat16', narrow, LEAST['bfloat16'])} |")


def _lowest(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    assert found.keys() == expected.keys(), f"{list(found)} beside {list(expected)}"
    cosines = [least_cosine(found[key], expected[key]) for key in expected]
    return min(cosines, key=lambda value: value if value == value else -2.0)


def given(device: torch.device) -> tuple[Tensor, Visual, Tensor]:
    """Sound (B, T, D), sight and mask: not negative, as features after a ReLU are."""
    g = torch.Generator().manual_seed(0)
    parts = [torch.rand(B, T, *rest, generator=g) for rest in ((D,), (P, C), (D,))]
    audio, visual_map, visual = (part.to(device) for part in parts)
    return audio, Visual(visual_map, visual), torch.ones(B, T, dtype=torch.bool, device=device)


def _localizes(model: nn.Module, device: torch.device) -> dict[str, Tensor]:
    output = model(*given(device))
    assert isinstance(output, LocalizationOutput)
    found = {"relevance": output.relevance, "classes": output.classes}
    for name, branch in output.branches.items():
        found |= {f"{name}.relevance": branch.relevance, f"{name}.classes": branch.classes}
    return {**found, **output.attention, **output.extra}


def _matches(model: nn.Module, device: torch.device) -> dict[str, Tensor]:
    """Scores of windows (B, T), zero where one does not fit."""
    audio, visual, mask = given(device)
    events = mask & (torch.arange(T, device=device) >= 2) & (torch.arange(T, device=device) < 5)
    found: dict[str, Tensor] = model.windows(audio, visual.map.mean(2), events)  # type: ignore[operator]
    return {name: scores.nan_to_num(neginf=0.0) for name, scores in found.items()}


def mamba(bench: Bench) -> None:
    """mamba_ssm's kernel beside our scan: the same numbers, and how long each takes."""
    scan = fused_scan() if bench.on_gpu else None
    if scan is None:
        tell("selective_scan_cuda does not import: only our scan is measured (the extra [mamba])\n")
    else:
        off = kernel_difference()
        tell(f"largest difference {off:.1e} (allowed {KERNEL_TOLERANCE:.0e})\n")
        if not off < KERNEL_TOLERANCE:
            bench.failed.append(f"the Mamba kernel differs by {off:.1e}")
    tell("| T | videos | ours (ms) | kernel (ms) |\n|---|---|---|---|")
    for length, videos in ((10, 96), (100, 10)):
        inputs = scanned(videos, length, bench.device)
        ours = bench.seconds(lambda inputs=inputs: selective_scan(*inputs))  # type: ignore[misc]
        theirs = "not there"
        if scan is not None:
            kernel = bench.seconds(lambda inputs=inputs: scan(*inputs))  # type: ignore[misc]
            theirs = f"{1e3 * kernel:.2f}"
        tell(f"| {length} | {videos} | {1e3 * ours:.2f} | {theirs} |")


def scanned(videos: int, length: int, device: torch.device) -> list[Tensor]:
    """Arguments of `selective_scan` in DMSF's width: E = 256, N = 16."""
    g = torch.Generator().manual_seed(0)
    E, N = 256, 16
    shapes = [(videos, E, length)] * 2 + [(E, N)] + [(videos, N, length)] * 2 + [(E,)] * 2
    inputs = [torch.randn(shape, generator=g).to(device) for shape in shapes]
    inputs[2] = -inputs[2].abs()
    return inputs
