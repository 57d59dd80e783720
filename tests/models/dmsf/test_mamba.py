"""Mamba against the reference block's outputs and against its own equations."""

import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from avel.models.dmsf.mamba import (
    KERNEL_TOLERANCE,
    Mamba,
    MambaConfig,
    fused_scan,
    kernel_difference,
    selective_scan,
)
from tests import fill


def test_equals_the_reference_block(golden: Path) -> None:
    seed, expected = fill.seed_of(golden), np.load(golden / "mamba.npz")
    block = Mamba(MambaConfig(64))
    block.load_state_dict(fill.weights(block.state_dict(), seed))
    for name, shape, output in (("x", (2, 10, 64), "y"), ("x_long", (1, 200, 64), "y_long")):
        with torch.no_grad():
            y = block(torch.from_numpy(fill.array(name, shape, seed))).numpy()
        np.testing.assert_allclose(y, expected[output], atol=1e-4 * np.abs(expected[output]).max())


@pytest.mark.parametrize(
    ("d_model", "count"), [(256, 437_760), (512, 1_694_720), (1024, 6_666_240)]
)
def test_parameter_counts(d_model: int, count: int) -> None:
    assert sum(p.numel() for p in Mamba(MambaConfig(d_model)).parameters()) == count


def test_scan_follows_its_recurrence() -> None:
    """A loop over every channel and state, written from the equations in float64."""
    B, E, N, T = 2, 3, 4, 6
    g = torch.Generator().manual_seed(0)
    u, dt = torch.randn(B, E, T, generator=g), torch.randn(B, E, T, generator=g)
    A, D, bias = (
        -torch.rand(E, N, generator=g),
        torch.randn(E, generator=g),
        torch.randn(E, generator=g),
    )
    b, c = torch.randn(B, N, T, generator=g), torch.randn(B, N, T, generator=g)
    expected = np.zeros((B, E, T))
    for i in range(B):
        for e in range(E):
            state = np.zeros(N)
            for t in range(T):
                step = np.log1p(np.exp(float(dt[i, e, t] + bias[e])))
                state = (
                    np.exp(step * A[e].double().numpy()) * state
                    + step * float(u[i, e, t]) * b[i, :, t].double().numpy()
                )
                expected[i, e, t] = state @ c[i, :, t].double().numpy() + float(D[e] * u[i, e, t])
    np.testing.assert_allclose(selective_scan(u, dt, A, b, c, D, bias).numpy(), expected, atol=1e-5)


def test_is_causal() -> None:
    block = Mamba(MambaConfig(16)).eval()
    x = torch.randn(1, 8, 16)
    later = x.clone()
    later[:, 5:] += 1
    with torch.no_grad():
        a, b = block(x), block(later)
    torch.testing.assert_close(a[:, :5], b[:, :5])
    assert not torch.allclose(a[:, 5:], b[:, 5:])


def test_initial_steps_are_log_uniform() -> None:
    block = Mamba(MambaConfig(512))
    step = torch.nn.functional.softplus(block.dt_proj.bias)
    assert 0.0009 < step.min() < 0.0015
    assert 0.08 < step.max() < 0.11
    assert step.log().mean().item() == pytest.approx(np.log(0.01), abs=0.15)


@pytest.mark.needs_cuda
def test_the_gpu_says_the_same() -> None:
    """By the scan that it has, ours or the fused one."""
    block = Mamba(MambaConfig(64))
    x = torch.randn(2, 10, 64)
    with torch.no_grad():
        torch.testing.assert_close(
            block.cuda()(x.cuda()).cpu(), block.cpu()(x), atol=1e-4, rtol=1e-4
        )


@pytest.mark.needs_cuda
def test_fused_kernel_agrees() -> None:
    """Where a GPU is promised its kernel is too: else nobody would notice that ours runs."""
    if fused_scan() is None and os.environ.get("FAIL_WITHOUT_CUDA") != "1":
        pytest.skip("selective_scan_cuda is not installed; the extra [mamba] brings it")
    assert kernel_difference() < KERNEL_TOLERANCE


def test_the_kernel_is_given_what_ours_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """In mamba_ssm's order and under its names, written from its documentation."""

    def selective_scan_fn(
        u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None = None,
        z: Tensor | None = None, delta_bias: Tensor | None = None, delta_softplus: bool = False,
    ) -> Tensor:  # fmt: skip
        assert z is None
        assert delta_softplus
        assert D is not None
        assert delta_bias is not None
        step = torch.nn.functional.softplus(delta + delta_bias[:, None])
        state, rows = torch.zeros(*u.shape[:2], A.shape[1]), []
        for t in range(u.shape[2]):
            drive = (step[..., t] * u[..., t])[..., None] * B[:, None, :, t]
            state = torch.exp(step[..., t, None] * A) * state + drive
            rows.append((state * C[:, None, :, t]).sum(-1) + D * u[..., t])
        return torch.stack(rows, -1)

    interface = ModuleType("mamba_ssm.ops.selective_scan_interface")
    interface.selective_scan_fn = selective_scan_fn  # type: ignore[attr-defined]
    for name in ("selective_scan_cuda", "mamba_ssm", "mamba_ssm.ops"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    scan = fused_scan()
    assert scan is not None
    g = torch.Generator().manual_seed(0)
    shapes = [(2, 8, 5), (2, 8, 5), (8, 3), (2, 3, 5), (2, 3, 5), (8,), (8,)]
    parts = [torch.randn(shape, generator=g) for shape in shapes]
    parts[2] = -parts[2].abs()
    torch.testing.assert_close(scan(*parts), selective_scan(*parts), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_the_block_is_its_equations() -> None:
    """Reference chapter 4 step by step: halves of the projection, the causal convolution, gates."""
    torch.manual_seed(0)
    block, x = Mamba(MambaConfig(8, d_state=3)), torch.randn(2, 5, 8)
    u, z = (x @ block.in_proj.weight.T).chunk(2, -1)  # (B, T, E)
    kernel = block.conv1d.weight[:, 0]
    left = torch.nn.functional.pad(u, (0, 0, 3, 0))
    u = torch.stack([(left[:, t : t + 4] * kernel.T).sum(1) for t in range(5)], 1)
    u = torch.nn.functional.silu(u + block.conv1d.bias)
    dt, B, C = (u @ block.x_proj.weight.T).split([1, 3, 3], -1)
    dt = torch.nn.functional.softplus(dt @ block.dt_proj.weight.T + block.dt_proj.bias)
    h, rows = torch.zeros(2, 16, 3), []
    for t in range(5):
        step = dt[:, t, :, None]
        h = torch.exp(step * -block.A_log.exp()) * h + step * u[:, t, :, None] * B[:, t, None]
        rows.append((h * C[:, t, None]).sum(-1) + block.D * u[:, t])
    expected = (torch.stack(rows, 1) * torch.nn.functional.silu(z)) @ block.out_proj.weight.T
    torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-4)


def test_initial_states_and_what_does_not_decay() -> None:
    block = Mamba(MambaConfig(16))
    torch.testing.assert_close(block.A_log.exp(), torch.arange(1, 17.0).expand(32, 16))
    assert (block.D == 1).all()
    free = {n for n, p in block.named_parameters() if getattr(p, "_no_weight_decay", False)}
    assert free == {"A_log", "D"}
    assert block.dt_proj.weight.abs().max() <= MambaConfig(16).dt_rank ** -0.5


@pytest.mark.parametrize(("d_model", "rank"), [(8, 1), (16, 1), (17, 2), (512, 32)])
def test_sizes_follow_the_width(d_model: int, rank: int) -> None:
    config = MambaConfig(d_model, expand=3)
    assert (config.d_inner, config.dt_rank) == (3 * d_model, rank)


def test_the_scan_is_in_float32_whatever_comes_in() -> None:
    """Sixteen bits would lose slow states; the answer has the input's precision."""
    g = torch.Generator().manual_seed(0)
    shapes = [(1, 4, 50), (1, 4, 50), (4, 3), (1, 3, 50), (1, 3, 50), (4,), (4,)]
    parts = [torch.randn(shape, generator=g) for shape in shapes]
    parts[2] = -parts[2].abs()
    half = [x.bfloat16() if i in (0, 1, 3, 4) else x for i, x in enumerate(parts)]
    found = selective_scan(*half)
    assert found.dtype == torch.bfloat16
    exact = selective_scan(*(x.float() for x in half))
    torch.testing.assert_close(found.float(), exact, atol=0, rtol=2**-8)


def test_without_a_kernel_there_is_nothing_to_compare() -> None:
    if fused_scan() is not None:
        pytest.skip("selective_scan_cuda is installed")
    with pytest.raises(RuntimeError, match="selective_scan_cuda does not import; there is nothing"):
        kernel_difference()
