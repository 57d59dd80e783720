"""The selective scan: ours (a loop, time first) beside a naive loop and a parallel scan.

    python -m benchmarks.scan

One step forward and backward at E = 256, N = 16 and B * T = 1000 or so, one thread. The parallel scan
is Hillis and Steele's: log2 T passes over everything. Rounds take turns; the least of several.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from avel.models.dmsf.mamba import fused_scan, selective_scan

E, N = 256, 16
Scan = Callable[..., Tensor]


def terms(u: Tensor, dt: Tensor, A: Tensor, B: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    step = functional.softplus(dt + bias[:, None])
    decay = torch.exp(step.unsqueeze(2) * A[..., None])  # (B, E, N, T)
    return decay, (step * u).unsqueeze(2) * B.unsqueeze(1)


def naive(
    u: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, bias: Tensor
) -> Tensor:
    decay, drive = terms(u, dt, A, B, bias)
    state, outputs = torch.zeros_like(decay[..., 0]), []
    for t in range(u.shape[-1]):
        state = decay[..., t] * state + drive[..., t]
        outputs.append((state * C[:, None, :, t]).sum(-1))
    return torch.stack(outputs, -1) + D[:, None] * u


def parallel(
    u: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, bias: Tensor
) -> Tensor:
    decay, drive = terms(u, dt, A, B, bias)
    span = 1
    while span < u.shape[-1]:
        before, kept = drive[..., :-span], decay[..., :-span]
        head = [drive[..., :span], decay[..., :span]]
        drive = torch.cat([head[0], decay[..., span:] * before + drive[..., span:]], -1)
        decay = torch.cat([head[1], decay[..., span:] * kept], -1)
        span *= 2
    return (drive * C.unsqueeze(1)).sum(2) + D[:, None] * u


def main() -> None:
    torch.set_num_threads(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    scans: dict[str, Scan] = {"avel": selective_scan, "naive loop": naive, "parallel": parallel}
    if device == "cuda" and (fused := fused_scan()) is not None:
        scans["mamba_ssm"] = fused
    print(f"milliseconds of one step, forward and backward, {device}\n")
    print("| T | B | " + " | ".join(scans) + " | largest difference |")
    print("|---" * (len(scans) + 3) + "|")
    for T, batch in ((10, 96), (100, 10), (1000, 1)):
        times, worst = measure(scans, T, batch, device)
        print(f"| {T} | {batch} | " + " | ".join(f"{t:.1f}" for t in times) + f" | {worst:.1e} |")


def measure(scans: dict[str, Scan], T: int, batch: int, device: str) -> tuple[list[float], float]:
    g = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=g).to(device)

    A = -torch.arange(1, N + 1.0, device=device).repeat(E, 1)
    inputs = [random(batch, E, T), random(batch, E, T) - 3, A, random(batch, N, T)]
    inputs += [random(batch, N, T), random(E), random(E)]
    expected = naive(*inputs)
    worst = max(float((scan(*inputs) - expected).abs().max()) for scan in scans.values())
    least = dict.fromkeys(scans, float("inf"))
    for _ in range(4):
        for name, scan in scans.items():
            leaves = [x.clone().requires_grad_() for x in inputs]
            started = time.perf_counter()
            scan(*leaves).sum().backward()
            if device == "cuda":
                torch.cuda.synchronize()
            least[name] = min(least[name], time.perf_counter() - started)
    return [1000 * t for t in least.values()], worst


if __name__ == "__main__":
    main()
