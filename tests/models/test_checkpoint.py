"""Checkpoints: what is written is read, in 32 and 16 bits, and what does not fit is named."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from avel.models.card import Card, CheckpointError, describe
from avel.models.checkpoint import load_checkpoint, save_checkpoint
from avel.models.table import build

OPTIONS = {"audio_dim": 4, "visual_dim": 3, "hidden": 5, "embed_dim": 2}
CARD = Card("cmm", OPTIONS, ("a", "b"), 10, {"stage": "features"}, {"videos": 7}, "two things")


@pytest.fixture
def model() -> torch.nn.Module:
    torch.manual_seed(0)
    return build("cmm", OPTIONS)


@pytest.fixture
def path(tmp_path: Path, model: torch.nn.Module) -> Path:
    file = tmp_path / "model.safetensors"
    save_checkpoint(file, CARD, model, {"visual.mean": torch.tensor([0.1, 0.2])})
    return file


def test_what_is_written_is_read(path: Path, model: torch.nn.Module) -> None:
    card, read, extra = load_checkpoint(path)
    assert card == CARD
    assert not read.training
    assert {name: value.tolist() for name, value in extra.items()} == {
        "visual.mean": pytest.approx([0.1, 0.2])
    }
    for name, value in model.state_dict().items():
        assert torch.equal(read.state_dict()[name], value)
    assert describe(path).card == card


def test_16_bits_round_the_weights_and_are_read_as_32(path: Path, model: torch.nn.Module) -> None:
    small = path.with_name("half.safetensors")
    save_checkpoint(small, CARD, model, {"count": torch.tensor(3)}, half=True)
    with safe_open(small, "pt") as file:
        assert {file.get_tensor(k).dtype for k in file.keys()} == {torch.float16, torch.int64}
    _, read, extra = load_checkpoint(small)
    assert extra["count"] == 3
    for name, value in model.state_dict().items():
        found = read.state_dict()[name]
        assert found.dtype == torch.float32
        assert torch.equal(found, value.half().float())


def test_a_view_is_written_whole_and_alone(path: Path, model: torch.nn.Module) -> None:
    """A transposed view has another layout in memory; its values are what counts."""
    base = torch.arange(6.0).view(2, 3)
    save_checkpoint(path, CARD, model, {"turned": base.T})
    assert torch.equal(load_checkpoint(path)[2]["turned"], base.T)
    assert describe(path).extra["turned"].tolist() == base.T.tolist()


def rewritten(path: Path, change: str) -> Path:
    tensors = load_file(path)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    if change == "missing":
        del tensors["model.audio.0.bias"]
    elif change == "extra":
        tensors["model.other"] = torch.zeros(1)
    else:
        tensors["model.audio.0.bias"] = torch.zeros(9)
    save_file(tensors, path, metadata)
    return path


@pytest.mark.parametrize(
    ("change", "named"),
    [("missing", r"audio\.0\.bias"), ("extra", "other"), ("shape", r"audio\.0\.bias")],
)
def test_weights_that_do_not_fit_their_own_config(path: Path, change: str, named: str) -> None:
    with pytest.raises(
        CheckpointError,
        match=rf"(?s)model\.safetensors: its weights do not fit its own config \(.*{named}",
    ):
        load_checkpoint(rewritten(path, change))


def test_files_that_are_none(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    with pytest.raises(CheckpointError, match="no such checkpoint; `avel train` writes one"):
        load_checkpoint(file)
    file.write_bytes(b"\x10")
    with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
        load_checkpoint(file)
    save_file({"w": torch.zeros(1)}, file)
    with pytest.raises(CheckpointError, match="is not a checkpoint of a localization model"):
        load_checkpoint(file)


def test_options_of_a_later_avel_are_named(path: Path, model: torch.nn.Module) -> None:
    later = Card("cmm", {**OPTIONS, "towers": 3}, ("a",), 10, {})
    save_checkpoint(path, later, model, {})
    with pytest.raises(ValueError, match=r"cmm has no option 'towers'; it has audio_dim, visual_"):
        load_checkpoint(path)
