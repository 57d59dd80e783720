"""What is wrong in an experiment is named before anything is read, with what was meant."""

from pathlib import Path

import numpy as np
import pytest

from avel.configs.load import ConfigError
from avel.extractors import ExtractorError
from avel.pipeline.learning.experiment import (
    Experiment,
    check_experiment,
    load_experiment,
    model_options,
)
from avel.pipeline.learning.settings import AugmentConfig
from avel.pipeline.method.extract import Features
from avel.pipeline.reasons import InputError


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model=dmfs", r"dmsf: no model 'dmfs'; did you mean 'dmsf'\?; there are dmsf, av_att,"),
        ("options.d_modl=4", r"unknown key 'options\.d_modl'; did you mean 'options\.d_model'\?"),
        ("options.heads=abc", r"\"options\.heads\": Expected a <class 'int'>. Got value: abc"),
        ("options.fusion=cix", r"\"options\.fusion\": Expected .*'cic', 'concatenation'"),
        ("options=5", r"\"options\": Expected a <class 'dict'>"),
        ("segment.image_siz=9", r"'segment\.image_siz'; did you mean 'segment\.image_size'\?"),
        ("segment.image_size=9", r"segment\.image_size \(9\) must be in \[16, 1024\]"),
        ("segment.fit=stretch", r"\"segment\.fit\": Expected .*'crop', 'squash'"),
        ("segment.sound_seconds=[0]", r"segment\.sound_seconds \(0\) must be whole seconds in \["),
        ("segment.sound_seconds=[2.5]", r"\"segment\.sound_seconds\": Expected a <class 'int'>"),
        ("segment.views=9", r"segment\.views \(9\) must be in \[0, 8\]"),
        ("segment.short_side=8", r"segment\.short_side \(8\) must be 0 or at least"),
        ("train=5", r"'train' is a section and cannot be '5'; set a key of it, as in train\.epoch"),
        (
            "train.epoch=5",
            r"unknown key 'train\.epoch'; did you mean 'train\.epochs'\?; known: acc",
        ),
        ("epochs=5", r"unknown key 'epochs'; did you mean 'train\.epochs'\?"),
        ("train.epochs=five", r"\"train\.epochs\": Expected a <class 'int'>"),
        ("train.epochs=0", r"train\.epochs \(0\) must be at least 1"),
        ("decoder.threshold=2", r"threshold \(2\.0\) must be between 0 and 1"),
        ("decoder.decoder=max", r"\"decoder\.decoder\": Expected"),
        ("adapter.reduction=0", r"adapter\.reduction 0 must be 1 or more"),
        ("adapter.dropout=1", r"adapter\.dropout 1\.0 must be in \[0, 1\)"),
        ("adapter.stages=[5]", r"adapter\.stages \[5\] must be some of 1, 2, 3, 4"),
        ("augment.snr_db=[9,1]", r"augment\.snr_db \(9\.0, 1\.0\) must be the lower and the"),
        ("supervision=half", r"\"supervision\": Expected"),
    ],
)
def test_wrong_settings(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_experiment(Path("dmsf"), [setting])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("extractor=audioclop", r"no extractor 'audioclop'; there are audioclip"),
        ("extractor=vgg19+vgish", r"no extractor 'vgish'"),
        ("extractor_options.colour=1", r"'audioclip-tiny' has no option 'colour'; it has compile"),
    ],
)
def test_encoders_that_are_not(setting: str, message: str) -> None:
    with pytest.raises(ExtractorError, match=message):
        load_experiment(Path("dmsf"), [setting])


@pytest.mark.parametrize(
    "setting",
    [
        "train.learning_rate=1e-4",
        "train.validate_every=50",  # more than there are epochs: the last one is validated
        "segment.short_side=192",  # an encoder's picture may be smaller than 224
        "segment.sample_rate=16000",
        "segment.sound_seconds=[2,4,10]",
        "segment.views=3",
        "options.num_classes=4",
        "start=runs/a b",
    ],
)
def test_right_settings(setting: str) -> None:
    load_experiment(Path("dmsf"), [setting])


def test_numbers_are_read_as_they_are_written() -> None:
    settings = ["train.learning_rate=1e-4", "options.gate=false", "start=5", "train.milestones=[1]"]
    experiment = load_experiment(Path("dmsf"), settings)
    assert experiment.train.learning_rate == 1e-4
    assert experiment.options["gate"] is False
    assert experiment.options["d_model"] == 128  # the preset's beside it
    assert experiment.start == "5"
    assert list(experiment.train.milestones) == [1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "dmfs",
            r"dmfs: no such config file; did you mean 'dmsf'\?; presets: av_att, .*magan_weak",
        ),
        ("leaderboard", r"leaderboard: is a preset of another command; presets: av_att, av_att_w"),
        ("ablate_dmsf.yaml", r"is a preset of another command"),
        ("configs/none.yaml", r"no such config file; presets: av_att"),
    ],
)
def test_only_trainings_are_offered(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load_experiment(Path(name))
    assert "ablate_dmsf" not in str(caught.value).partition("presets:")[2]


def test_presets_with_and_without_their_suffix() -> None:
    assert load_experiment(Path("dmsf")) == load_experiment(Path("dmsf.yaml"))
    assert load_experiment(Path("configs/dmsf.yaml")) == load_experiment(Path("dmsf"))


@pytest.mark.parametrize("name", ["av_att", "av_att_weak", "dmrn"])
def test_ave_presets_validate_when_ave_does(name: str) -> None:
    config = load_experiment(Path(name)).train
    assert [e for e in range(16) if config.validates(e)] == [0, 5, 10, 15]


def test_what_does_not_go_together() -> None:
    with pytest.raises(InputError, match=r"augment.mix \(0.5\): mixed videos have two labels"):
        check_experiment(Experiment(model="dmin", augment=AugmentConfig(True, mix=0.5)))
    check_experiment(Experiment(augment=AugmentConfig(True, mix=0.5)))
    with pytest.raises(InputError, match="features 'abc': imported features have no encoder"):
        check_experiment(Experiment(features="abc", augment=AugmentConfig(True)))
    with pytest.raises(ConfigError, match=r"experiment: unknown key 'options\.size'"):
        check_experiment(Experiment(options={"size": 3}))


def features(audio: int = 7, visual: int = 9, positions: int = 4, channels: int = 5) -> Features:
    there = np.ones(3, bool)
    maps = np.zeros((3, positions, channels), np.float16)
    vectors = (np.zeros((3, width), np.float32) for width in (visual, audio))
    seen, heard = vectors
    return Features(seen, maps, heard, there, there, 3.0, ())


@pytest.mark.parametrize(
    ("model", "sizes"),
    [
        (
            "dmsf",
            {"num_classes": 4, "audio_dim": 7, "visual_dim": 9, "map_channels": 5,
             "supervision": "full"},
        ),
        ("av_att", {"num_classes": 4, "audio_dim": 7, "map_channels": 5, "positions": 4}),
        ("cmm", {"audio_dim": 7, "visual_dim": 5}),  # the mean of the map
    ],
)  # fmt: skip
def test_sizes_come_from_the_features(model: str, sizes: dict[str, object]) -> None:
    assert model_options(Experiment(model=model), features(), 4) == sizes


def test_the_experiments_options_stay() -> None:
    options = model_options(Experiment(options={"d_model": 16}), features(), 4)
    assert options["d_model"] == 16
