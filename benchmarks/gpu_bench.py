"""What the parts of `benchmarks/gpu.py` share: the device, its time, and what did not hold."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from avel.extractors import exact

LEAST = {"float32": 0.9999, "bfloat16": 0.999}
"""Cosine with the CPU's float32 of the same cells; float16 is told and not judged."""


class OverTime(BaseException):
    """A part's time is over; no error of the part, so that nothing of it catches this."""


@dataclass
class Bench:
    """One run.

    Attributes:
        device: What is measured.
        tiny: Whether sizes are those of a trial on a CPU.
        scratch: A folder for weights and films.
        failed: Comparisons that did not hold, and cases that ended with an error.
    """

    device: torch.device
    tiny: bool
    scratch: Path
    failed: list[str] = field(default_factory=list)

    @property
    def on_gpu(self) -> bool:
        return self.device.type == "cuda"

    def judge(self, what: str, found: float, least: float) -> str:
        """A number for a table, marked and remembered where it is less than it must be."""
        if found >= least:  # not so for NaN
            return f"{found:.6f}"
        self.failed.append(f"{what}: cosine {found:.6f}, less than {least}")
        return f"**{found:.6f}**"

    @contextmanager
    def case(self, name: str) -> Iterator[None]:
        """One case of a part: an error of it is named, counts as a failure, and ends only it."""
        try:
            yield
        except Exception as err:
            said = f"{type(err).__name__}: {' '.join(str(err).split())[:300]}"
            tell(f"{name} FAILED: {said}")
            self.failed.append(f"{name}: {said}")
            if self.on_gpu:
                torch.cuda.empty_cache()

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self.on_gpu:
            torch.cuda.synchronize(self.device)

    def seconds(self, run: Callable[[], object]) -> float:
        """Mean seconds of a call, after warm calls, over about a fifth of a second."""
        for _ in range(1 if self.tiny else 3):
            run()
        self.wait()
        count, spent = 1, 0.0
        while True:
            began = time.perf_counter()
            for _ in range(count):
                run()
            self.wait()
            spent = time.perf_counter() - began
            if self.tiny or spent > 0.2:
                return spent / count
            count = min(10 * count, int(1 + 0.25 * count / max(spent, 1e-6)))


def tell(*lines: str) -> None:
    """Print at once: the run may be stopped."""
    for line in lines:
        print(line, flush=True)


def least_cosine(found: Tensor, expected: Tensor, *, centred: bool = False) -> float:
    """The lowest cosine of any row (N, ...) with the other's; 1 where there is nothing.

    Args:
        found: Of the device.
        expected: Of the CPU.
        centred: Whether the mean of all rows of `expected` is taken from both first: vectors of
            random weights are much alike, and so hide from a cosine what tells cells apart.
    """
    a, b = (x.detach().cpu().double().flatten(1) for x in (found, expected))
    if not b.numel():
        return 1.0
    if centred:
        mean = b.mean(0)
        a, b = a - mean, b - mean
    return float(functional.cosine_similarity(a, b).min())


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Whether float32 products and convolutions may round their inputs to 10 bits."""
    products, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, cudnn.allow_tf32, exact.ROUNDED
    products.allow_tf32 = cudnn.allow_tf32 = exact.ROUNDED = allowed  # encoders go by the last
    try:
        yield
    finally:
        products.allow_tf32, cudnn.allow_tf32, exact.ROUNDED = before
