"""The Mamba-1 block in plain torch, with mamba_ssm's parameter names and initial values.

Source: Gu and Dao, "Mamba" (2023), sections 3.1-3.4; reference chapter 4. The scan is a loop over
time, which runs on any device and exports; on a CPU it beats a parallel scan at T = 10, 100 and
1000 (`benchmarks/scan.py`). On a GPU where
`selective_scan_cuda` imports, mamba_ssm's fused scan takes its place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class MambaConfig:
    """Letters are the paper's."""

    d_model: int  # D
    d_state: int = 16  # N
    d_conv: int = 4
    expand: int = 2  # E = expand * D

    @property
    def d_inner(self) -> int:
        """E, channels of the scan (B, T, E)."""
        return self.expand * self.d_model

    @property
    def dt_rank(self) -> int:
        """R, rank of the step size's projection."""
        return ceil(self.d_model / 16)


class Mamba(nn.Module):
    """Causal sequence mixer (B, T, D) -> (B, T, D)."""

    def __init__(self, config: MambaConfig) -> None:
        super().__init__()
        self.config = config
        E, N, R = config.d_inner, config.d_state, config.dt_rank
        self.in_proj = nn.Linear(config.d_model, 2 * E, bias=False)
        self.conv1d = nn.Conv1d(E, E, config.d_conv, groups=E, padding=config.d_conv - 1)
        self.x_proj = nn.Linear(E, R + 2 * N, bias=False)
        self.dt_proj = nn.Linear(R, E)
        self.A_log = nn.Parameter(torch.log(torch.arange(1, N + 1.0)).repeat(E, 1))
        self.D = nn.Parameter(torch.ones(E))
        self.out_proj = nn.Linear(E, config.d_model, bias=False)
        for parameter in (self.A_log, self.D):
            parameter._no_weight_decay = True  # type: ignore[attr-defined]
        self._initialise_step(R)

    def _initialise_step(self, rank: int) -> None:
        """Step sizes log-uniform in [1e-3, 1e-1] at the start (reference chapter 4)."""
        nn.init.uniform_(self.dt_proj.weight, -(rank**-0.5), rank**-0.5)
        step = torch.exp(torch.rand(self.config.d_inner) * (log(0.1) - log(0.001)) + log(0.001))
        step = step.clamp_min(1e-4)
        with torch.no_grad():
            self.dt_proj.bias.copy_(step + torch.log(-torch.expm1(-step)))

    def forward(self, x: Tensor) -> Tensor:
        """Mix (B, T, D) along time; position t sees positions up to t only."""
        T = x.shape[1]
        u, z = self.in_proj(x).transpose(1, 2).chunk(2, dim=1)  # each (B, E, T)
        u = functional.silu(self.conv1d(u)[..., :T])
        R, N = self.config.dt_rank, self.config.d_state
        dt, B, C = self.x_proj(u.transpose(1, 2)).split([R, N, N], dim=-1)
        dt = functional.linear(dt, self.dt_proj.weight).transpose(1, 2)  # (B, E, T)
        A = -torch.exp(self.A_log.float())
        scan = selective_scan
        if x.is_cuda and (fused := fused_scan()) is not None:
            scan = fused
        y = scan(u, dt, A, B.transpose(1, 2), C.transpose(1, 2), self.D, self.dt_proj.bias)
        return self.out_proj((y * functional.silu(z)).transpose(1, 2))  # type: ignore[no-any-return]


def selective_scan(
    u: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, dt_bias: Tensor
) -> Tensor:
    """Run `h_t = exp(dt_t A) h_(t-1) + dt_t u_t B_t`, `y_t = h_t . C_t + D u_t` in float32.

    Args:
        u: Input (B, E, T).
        dt: Step sizes before bias and softplus (B, E, T).
        A: (E, N), negative.
        B: Input matrices (B, N, T).
        C: Output matrices (B, N, T).
        D: Skip (E,).
        dt_bias: (E,).

    Returns:
        (B, E, T) in u's precision.
    """
    with torch.autocast(u.device.type, enabled=False):
        # time first, so that every step reads and writes whole blocks of memory
        x, step, B, C = (value.float().permute(2, 0, 1) for value in (u, dt, B, C))
        step = functional.softplus(step + dt_bias.float())
        decay = torch.exp(step.unsqueeze(-1) * A)  # (T, B, E, N)
        drive = (step * x).unsqueeze(-1) * B.unsqueeze(2)
        states = [drive[0]]
        for now, kept in zip(drive.unbind(0)[1:], decay.unbind(0)[1:], strict=True):
            states.append(torch.addcmul(now, kept, states[-1]))
        y = (torch.stack(states) @ C.unsqueeze(-1)).squeeze(-1) + D.float() * x
        return y.permute(1, 2, 0).to(u.dtype)


KERNEL_TOLERANCE = 1e-3


def kernel_difference() -> float:
    """Largest difference of the fused scan's outputs (2, 64, 10) from ours, on the GPU.

    Raises:
        RuntimeError: the kernel does not import.
    """
    scan = fused_scan()
    if scan is None:
        raise RuntimeError("selective_scan_cuda does not import; there is nothing to compare")
    g = torch.Generator().manual_seed(0)
    shapes = [(2, 64, 10), (2, 64, 10), (64, 16), (2, 16, 10), (2, 16, 10), (64,), (64,)]
    inputs = [torch.randn(shape, generator=g).cuda() for shape in shapes]
    inputs[2] = -inputs[2].abs()
    return float((scan(*inputs) - selective_scan(*inputs)).abs().max())


def fused_scan() -> Callable[..., Tensor] | None:
    """mamba_ssm's CUDA scan behind the signature of `selective_scan`; None where it is not.

    mamba_ssm installs and imports without its kernel, so the kernel itself is asked for.
    """
    try:  # optional; importing triton on a machine without a GPU can raise anything
        import selective_scan_cuda  # noqa: F401
        from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
    except Exception:
        return None

    def scan(
        u: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, bias: Tensor
    ) -> Any:
        return selective_scan_fn(
            u, dt, A, B, C, D.float(), delta_bias=bias.float(), delta_softplus=True
        )

    return scan
