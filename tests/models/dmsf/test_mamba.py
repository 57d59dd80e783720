"""Mamba against the reference block's outputs and against its own equations."""

from pathlib import Path

import numpy as np
import pytest
import torch

from avel.models.dmsf.mamba import Mamba, MambaConfig, fused_scan, selective_scan
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
def test_fused_kernel_agrees() -> None:
    if fused_scan() is None:
        pytest.skip("selective_scan_cuda is not installed")
    block = Mamba(MambaConfig(64))
    x = torch.randn(2, 10, 64)
    with torch.no_grad():
        torch.testing.assert_close(
            block.cuda()(x.cuda()).cpu(), block.cpu()(x), atol=1e-4, rtol=1e-4
        )
