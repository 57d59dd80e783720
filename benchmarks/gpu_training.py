"""A training step of DMSF on a GPU, with and without adapters, on cells of noise."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from avel.models.losses import IGNORED
from avel.models.table import LOSSES, build
from avel.pipeline.datasets.features import Example
from avel.pipeline.learning.experiment import load_experiment, model_options
from avel.pipeline.learning.fronts import cached_before, tuned
from avel.pipeline.learning.module import LocalizerTraining
from avel.pipeline.learning.prepare import prepare
from avel.pipeline.media.cells import Segments
from avel.pipeline.method.encode import encode_whole
from avel.pipeline.method.extract import Features
from avel.pipeline.work.runtime import RuntimeConfig
from benchmarks.gpu_bench import Bench, tell
from benchmarks.gpu_weights import cells
from benchmarks.train import CASES

K, T = 28, 10


def step(bench: Bench) -> None:
    """Forward, loss, backward and AdamW of each placement of adapters, in two precisions."""
    videos = 2 if bench.tiny else 32
    tell(f"batches of {videos} videos of ten cells, already on the device\n")
    tell("| adapters | precision | step (ms) | videos/s | GPU memory (GB) |\n|---|---|---|---|---|")
    for name, overrides in CASES.items():
        for precision in (torch.float32, torch.bfloat16):
            with bench.case(f"training step, {name}"):
                seconds, memory = measured(bench, overrides, videos, precision)
                title = str(precision).removeprefix("torch.")
                rate = videos / seconds
                tell(f"| {name} | {title} | {1e3 * seconds:.1f} | {rate:.0f} | {memory:.1f} |")


def measured(
    bench: Bench, overrides: list[str], videos: int, precision: torch.dtype
) -> tuple[float, float]:
    """Seconds of a step, and the most memory that it took, in GB."""
    torch.manual_seed(0)
    training, batch = made(bench, overrides, videos)
    parameters = [p for p in training.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, 1e-4)
    unknown = torch.zeros_like(batch.mask)
    losses: list[Tensor] = []

    def once() -> None:
        with torch.autocast(bench.device.type, precision, enabled=precision != torch.float32):
            loss = training.loss_of(batch, unknown, 1.0)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses[:] = [loss.detach()]

    if bench.on_gpu:
        torch.cuda.reset_peak_memory_stats(bench.device)
    seconds = bench.seconds(once)
    if not losses[0].isfinite():
        raise ValueError(f"the loss is {float(losses[0])}")
    memory = torch.cuda.max_memory_allocated(bench.device) / 1e9 if bench.on_gpu else 0.0
    return seconds, memory


def made(bench: Bench, overrides: list[str], videos: int) -> tuple[LocalizerTraining, Example]:
    """A training as `avel train` has it, and a batch of what it would read of the cache."""
    experiment = load_experiment(Path("dmsf"), overrides)
    prepared = prepare(experiment, RuntimeConfig(cache_dir=bench.scratch / "cache"))
    assert prepared.encoding is not None
    encoder = prepared.encoding.encoder
    whole = experiment.augment.enabled
    choice = encoder if whole else cached_before(encoder, experiment.adapter)
    frames, samples = (part.numpy() for part in cells(encoder, T))  # type: ignore[arg-type]
    there = np.ones(T, np.bool_)
    if whole:
        none = np.zeros((T, 0), np.float32)
        one = Features(none, frames, samples, there, there, float(T), ())  # type: ignore[arg-type]
    else:
        segments = Segments(frames, samples, there, there, float(T))
        one = encode_whole(choice.load(str(bench.device)), [segments], T)
    front = prepared.front(one, str(bench.device))
    options = model_options(experiment, tuned(front)(one), K)
    training = LocalizerTraining(
        build("dmsf", options), front, LOSSES["dmsf"]["full"], K, experiment.train
    )
    return training.to(bench.device), batched(one, videos, bench.device)


def batched(one: Features, videos: int, device: torch.device) -> Example:
    """One video's arrays (T, ...) as a batch (B, T, ...), with an event of four segments."""
    arrays = (one.audio, one.visual_map, one.visual)
    inputs = [torch.from_numpy(np.array(a)).expand(videos, *a.shape).to(device) for a in arrays]
    mask = torch.ones(videos, T, dtype=torch.bool, device=device)
    classes = torch.arange(videos, device=device) % K
    inside = (torch.arange(T, device=device) >= 3) & (torch.arange(T, device=device) < 7)
    segments = torch.where(inside, classes[:, None], K)
    row, other = torch.arange(videos, device=device), torch.full_like(classes, IGNORED)
    return Example(*inputs, mask, mask, segments, classes, row, other)
