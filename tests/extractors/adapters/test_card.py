"""What a file of adapters says of itself, and files that are refused for it."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save_file

from avel.extractors.adapters.card import FILE, KEY, adapter_file, read_card
from avel.extractors.weights.files import WeightsError
from tests.extractors.made import TINY_FILE

BASE = {"extractor": "audioclip-tiny", "weights_sha256": "b8" * 32, "options": {"until": 0}}
CARD = {"base": BASE, "config": {"placement": "output"}, "channels": {"audio": 4}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_file({}, tmp_path / FILE, {KEY: json.dumps(CARD)})
    return tmp_path / FILE


def test_a_file_or_the_run_folder_that_holds_it(path: Path) -> None:
    assert adapter_file(path) == adapter_file(path.parent) == path
    assert read_card(path, BASE) == CARD


def test_a_run_without_adapters(tmp_path: Path) -> None:
    with pytest.raises(
        WeightsError,
        match=r"adapters\.safetensors: no such adapters; `avel train --set adapter\.placement",
    ):
        adapter_file(tmp_path)
    with pytest.raises(WeightsError, match=r"mine\.safetensors: no such adapters"):
        adapter_file(tmp_path / "mine.safetensors")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"weights_sha256": "0" * 64}, "weights_sha256 is 00000.*, it wants b8b8b8"),
        ({"options": {"until": 3}}, r"options is \{'until': 3\}, it wants \{'until': 0\}"),
        ({"amplitude": "int16"}, "amplitude is int16, it wants None"),
    ],
)
def test_adapters_of_another_encoder(path: Path, other: dict[str, Any], message: str) -> None:
    with pytest.raises(WeightsError, match=f"was tuned on another encoder: {message}"):
        read_card(path, {**BASE, **other})


def test_recipes_are_compared_as_they_are_written(path: Path) -> None:
    """A tuple becomes a list in a file, and is no difference."""
    card = {**CARD, "base": {**BASE, "image_mean": [0.5]}}
    save_file({}, path, {KEY: json.dumps(card)})
    assert read_card(path, {**BASE, "image_mean": (0.5,)}) == card


def test_files_that_are_no_adapters(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"junk")
    with pytest.raises(WeightsError, match=r"cannot be read as adapters \(.*\); copy it again"):
        read_card(tmp_path / FILE, BASE)
    with pytest.raises(WeightsError, match="is no file of adapters"):
        read_card(TINY_FILE, BASE)
