"""Tensors of weight files: the forms in which they come, and what is refused."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from avel.extractors.weights.files import WeightsError, find_weights
from avel.extractors.weights.tensors import load_into, read_all, read_tensors
from tests.extractors.made import TINY_FILE

TENSORS = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.tensor([1, 2])}


def same(found: dict[str, torch.Tensor]) -> bool:
    return found.keys() == TENSORS.keys() and all(torch.equal(found[k], TENSORS[k]) for k in found)


def test_forms(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "w.safetensors")
    torch.save(TENSORS, tmp_path / "plain.pt")
    torch.save({"epoch": 3, "state_dict": TENSORS}, tmp_path / "checkpoint.pt")
    torch.save({f"module.{k}": v for k, v in TENSORS.items()}, tmp_path / "parallel.pt")
    for path in tmp_path.iterdir():
        assert same(read_tensors(path)), path


def test_files_together(tmp_path: Path) -> None:
    for name, tensor in TENSORS.items():
        save_file({name: tensor}, tmp_path / f"{name}.safetensors")
    paths = [tmp_path / f"{name}.safetensors" for name in TENSORS]
    assert same(read_all(find_weights([], paths)))
    with pytest.raises(WeightsError, match=r"both have a\.bias; give one of them"):
        read_all(find_weights([], [paths[1], paths[1]]))


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
@pytest.mark.parametrize("content", [b"hello", b""])
def test_files_that_are_no_weights(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=r"cannot be read as weights|holds more than tensors"):
        read_tensors(tmp_path / name)


def test_a_checkpoint_of_something_else(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "w.pt")
    with pytest.raises(WeightsError, match="holds a list that is no mapping of names to tensors"):
        read_tensors(tmp_path / "w.pt")
    torch.save({"epoch": 3}, tmp_path / "w.pt")
    with pytest.raises(WeightsError, match=r"holds a dict that is no mapping .* state dict"):
        read_tensors(tmp_path / "w.pt")


def test_cut_files(tmp_path: Path) -> None:
    torch.save(load_file(TINY_FILE), tmp_path / "whole.pt")
    for whole in (TINY_FILE, tmp_path / "whole.pt"):
        content = whole.read_bytes()
        cut = tmp_path / f"cut{whole.suffix}"
        cut.write_bytes(content[: len(content) // 2])
        with pytest.raises(WeightsError, match=r"cut.* cannot be read as weights.*download it ag"):
            read_tensors(cut)


def test_weights_that_would_run_code(tmp_path: Path) -> None:
    path = tmp_path / "evil.pt"
    torch.save({"x": Path("runs code")}, path)
    with pytest.raises(WeightsError, match=r"holds more than tensors and is not loaded"):
        read_tensors(path)


def test_loading_takes_all_in_the_networks_own_precision() -> None:
    linear = nn.Linear(3, 2)
    state = {"weight": torch.arange(6.0).view(2, 3).half(), "bias": torch.ones(2).double()}
    load_into(linear, state, "w")
    assert linear.weight.dtype == linear.bias.dtype == torch.float32
    assert torch.equal(linear(torch.ones(3)), torch.tensor([4.0, 13.0]))


def test_other_models_weights(tmp_path: Path) -> None:
    with pytest.raises(
        WeightsError,
        match=r"missing bias, unexpected other, other shapes weight: file \(3,\), model \(2, 2\)",
    ):
        load_into(
            nn.Linear(2, 2), {"weight": torch.ones(3), "other": torch.ones(1)}, tmp_path / "w"
        )


def test_many_names_are_shortened() -> None:
    network = nn.Sequential(*(nn.Linear(1, 1) for _ in range(3)))
    with pytest.raises(
        WeightsError, match=r"missing 0\.bias, 0\.weight, 1\.bias and 3 more, unexpected none"
    ):
        load_into(network, {}, "w")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_numbers(value: float) -> None:
    linear = nn.Linear(2, 2)
    state = {**linear.state_dict(), "bias": torch.tensor([value, 0])}
    before = linear.bias.clone()
    with pytest.raises(
        WeightsError, match=r"w: has NaN or infinite values in bias; download it again"
    ):
        load_into(linear, state, "w")
    assert torch.equal(linear.bias, before)


@pytest.mark.parametrize("content", [b"hello\n", b"", b"\x80\x05"])
def test_why_is_one_line_in_words(tmp_path: Path, content: bytes) -> None:
    """What torch and pickle say of them is a number, nothing, or a page."""
    path = tmp_path / "w.pt"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"w.pt: .*\([A-Za-z][^\n]{3,150}\)") as caught:
        read_tensors(path)
    assert len(str(caught.value)) < 200 + len(str(path))
