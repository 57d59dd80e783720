"""Float32 is float32: TF32 is off while an encoder computes, and as it was afterwards."""

from collections.abc import Iterator

import pytest
import torch

from avel.extractors.choice import Choice
from avel.extractors.exact import exact
from tests.extractors.made import cells

GPU = torch.device("cuda")


def flags() -> tuple[bool, bool]:
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


@pytest.fixture(params=[(True, True), (False, True), (False, False)])
def before(request: pytest.FixtureRequest) -> Iterator[tuple[bool, bool]]:
    was = flags()
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = request.param
    yield request.param
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = was


def test_it_is_off_inside_and_as_it_was_outside(before: tuple[bool, bool]) -> None:
    with exact(GPU):
        assert flags() == (False, False)
    assert flags() == before


def test_an_error_changes_nothing_of_it(before: tuple[bool, bool]) -> None:
    with pytest.raises(RuntimeError, match="out of memory"), exact(GPU):
        raise RuntimeError("out of memory")
    assert flags() == before


def test_a_cpu_has_no_such_thing(before: tuple[bool, bool]) -> None:
    with exact(torch.device("cpu")):
        assert flags() == before


def test_measurements_may_ask_for_it(
    before: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avel.extractors.exact.ROUNDED", True)
    with exact(GPU):
        assert flags() == (True, True)
    assert flags() == before


@pytest.mark.needs_cuda
@pytest.mark.usefixtures("before")
def test_a_gpu_does_not_round_whatever_torch_would(tiny_choice: Choice) -> None:
    """Convolutions of the tiny encoder, which TF32 turns by more than this."""
    given = cells(8)
    here, there = (tiny_choice.load(device)(*given) for device in ("cpu", "cuda"))
    for name in ("visual", "audio"):
        apart = (here[name] - there[name]).norm() / here[name].norm()
        assert apart < 2e-5, f"{name} is off by {apart:.1e}; TF32 alone makes 1e-4 and more"
