"""The table: names, options, losses, and what is said of those there are not."""

from dataclasses import fields

import pytest

from avel.models import losses
from avel.models.published import losses as published
from avel.models.published.av_att import AVAtt
from avel.models.published.dmin import DCMR
from avel.models.table import CORRECTED, LOSSES, MATCHING, MODELS, build, loss_of, option_names


def test_every_localizer_has_a_loss_by_supervision_and_no_matcher_has() -> None:
    assert LOSSES.keys() == MODELS.keys()
    assert not MODELS.keys() & MATCHING.keys()
    for by_supervision in LOSSES.values():
        assert by_supervision.keys() == {"full", "weak"}


def test_losses_are_those_of_the_models_name() -> None:
    assert loss_of("dmsf", "weak", corrected=False) is losses.weak_loss
    assert loss_of("dmrn", "full", corrected=False) is published.av_att_full
    assert loss_of("magan", "weak", corrected=False) is published.magan_weak


def test_corrected_is_another_one_where_the_published_squashes_twice() -> None:
    assert loss_of("magan", "weak", corrected=True) is published.magan_weak_corrected
    assert loss_of("dmin", "weak", corrected=True) is published.dmin_weak_corrected
    for name, supervision in (("dmsf", "full"), ("dmsf", "weak"), ("dmin", "full")):
        same = loss_of(name, supervision, corrected=False)
        assert loss_of(name, supervision, corrected=True) is same
    for name, by_supervision in CORRECTED.items():
        for supervision, loss in by_supervision.items():
            assert loss is not LOSSES[name][supervision]


@pytest.mark.parametrize("name", [*MODELS, *MATCHING])
def test_option_names_are_the_configs_fields_and_reach_the_model(name: str) -> None:
    config = (MODELS | MATCHING)[name][1]
    assert option_names(name) == [field.name for field in fields(config)]
    assert build(name, {"audio_dim": 64}).config == config(audio_dim=64)


def test_names_of_two_forms_of_one_class() -> None:
    av_att, dmrn = build("av_att", {}), build("dmrn", {})
    assert type(av_att) is type(dmrn) is AVAtt
    assert (av_att.config.fusion, dmrn.config.fusion) == ("concatenation", "residual")
    assert isinstance(build("dcmr", {"query": "visual"}), DCMR)


def test_no_such_model() -> None:
    every = "dmsf, av_att, dmrn, dmin, magan, cmm, dcmr"
    for ask in (lambda: build("dmfs", {}), lambda: option_names("dmfs")):
        with pytest.raises(ValueError, match=f"no model 'dmfs'; there are {every}"):
            ask()


@pytest.mark.parametrize("name", [*MODELS, *MATCHING])
def test_no_such_option(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} has no option 'depth'; it has .*audio_dim"):
        build(name, {"audio_dim": 8, "depth": 2})
