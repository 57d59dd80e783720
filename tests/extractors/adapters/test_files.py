"""Adapters written and read again."""

from pathlib import Path

import pytest
import torch

from avel.extractors import Choice
from avel.extractors.adapters.adapters import Adapters
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.adapters.files import load_adapters, save_adapters
from avel.extractors.weights.files import WeightsError
from tests.extractors.adapters.test_adapters import WIDTHS, features, stir


def test_written_and_read_they_are_the_same(tmp_path: Path, tiny_choice: Choice) -> None:
    config = AdapterConfig("output", (2, 4), reduction=2, dropout=0.5)
    adapters = stir(Adapters(config, WIDTHS))
    save_adapters(tmp_path / "adapters.safetensors", adapters, tiny_choice.recipe)
    read = load_adapters(tmp_path, tiny_choice.recipe)
    assert read.channels == WIDTHS
    assert (read.config.placement, read.config.reduction, read.config.dropout) == ("output", 2, 0.5)
    for a, b in zip(
        read.outputs(*features(), None), adapters.outputs(*features(), None), strict=True
    ):
        assert torch.equal(a, b)


def test_read_they_are_frozen(tmp_path: Path, tiny_choice: Choice) -> None:
    path = tmp_path / "a.safetensors"
    save_adapters(path, Adapters(AdapterConfig("output"), WIDTHS), tiny_choice.recipe)
    read = load_adapters(path, tiny_choice.recipe)
    assert not any(p.requires_grad for p in read.parameters())
    assert not any(m.training for m in read.modules())


def test_they_are_only_for_their_encoder(tmp_path: Path, tiny_choice: Choice) -> None:
    path = tmp_path / "a.safetensors"
    save_adapters(path, Adapters(AdapterConfig("output"), WIDTHS), tiny_choice.recipe)
    with pytest.raises(WeightsError, match=r"was tuned on another encoder: weights_sha256 is 00"):
        load_adapters(path, {**tiny_choice.recipe, "weights_sha256": "0" * 64})


def test_tensors_of_other_adapters(tmp_path: Path, tiny_choice: Choice) -> None:
    """A card that does not go with what lies beside it."""
    adapters = Adapters(AdapterConfig("output"), WIDTHS)
    adapters.channels = {**WIDTHS, "audio": 12}
    save_adapters(tmp_path / "a.safetensors", adapters, tiny_choice.recipe)
    with pytest.raises(
        WeightsError, match=r"is not for this model; .*other shapes at\.audio\.down\.bias: file \(1"
    ):
        load_adapters(tmp_path / "a.safetensors", tiny_choice.recipe)
