"""A training that begins with another's weights says what it took, and refuses what hardly fits."""

from pathlib import Path

import pytest
import torch

from avel.models.card import Card
from avel.models.checkpoint import save_checkpoint
from avel.models.table import build
from avel.pipeline.learning.start import begin_with
from avel.pipeline.reasons import InputError


def saved(path: Path, name: str, **options: object) -> torch.nn.Module:
    model = build(name, options)
    save_checkpoint(path / "model.safetensors", Card(name, options, (), 10, {}), model, {})
    return model


def test_dmrn_begins_with_av_att(tmp_path: Path) -> None:
    """As its authors began: all but the fusion's and the last layer's."""
    av_att = saved(tmp_path, "av_att", num_classes=4)
    dmrn = build("dmrn", {"num_classes": 4})
    begun = begin_with(dmrn, tmp_path)
    assert len(begun.copied) == 24
    for name in begun.copied:
        torch.testing.assert_close(dmrn.state_dict()[name], av_att.state_dict()[name])
    assert begun.reshaped == ("L2.weight",)
    assert "U_v.0.weight" in begun.new
    assert "L1.weight" in begun.unused
    said = str(begun)
    assert f"began with 24 of {len(dmrn.state_dict())} tensors of {tmp_path}" in said
    assert "of another shape: L2.weight" in said
    assert "; not used: L1.weight" in said


def test_all_of_it_is_said_shortly(tmp_path: Path) -> None:
    model = saved(tmp_path, "cmm")
    begun = begin_with(build("cmm", {}), tmp_path / "model.safetensors")
    total = len(model.state_dict())
    assert str(begun) == f"began with {total} of {total} tensors of {tmp_path}/model.safetensors"
    assert begun.share == 1


def test_nothing_fits(tmp_path: Path) -> None:
    saved(tmp_path, "cmm")
    with pytest.raises(InputError, match=r"not one tensor of .* has a name and shape of this mod"):
        begin_with(build("magan", {}), tmp_path)


def test_a_poor_fit_is_refused_unless_asked_for(tmp_path: Path) -> None:
    """A narrower model shares only the few tensors whose shapes its width does not decide."""
    narrow = {"d_model": 16, "heads": 2}
    wide = saved(tmp_path, "dmsf", num_classes=4)
    model = build("dmsf", {"num_classes": 4, **narrow})
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(InputError, match=r"fits this model poorly: it began with \d+ of \d+ tens"):
        begin_with(model, tmp_path)
    with pytest.raises(InputError, match=r"; of another shape: .* and \d+ more; .*start_partial="):
        begin_with(model, tmp_path)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    begun = begin_with(model, tmp_path, partial=True)
    assert 0 < begun.share < 0.5
    state = model.state_dict()
    for name in begun.copied:
        torch.testing.assert_close(state[name], wide.state_dict()[name])
    for name in begun.reshaped:
        torch.testing.assert_close(state[name], before[name])
