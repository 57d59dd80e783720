"""Every number of a training has its range, and every setting says what it is."""

from dataclasses import fields, replace
from typing import Any

import pytest

from avel.configs.describe import keys
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.settings import (
    AUGMENT_RANGES,
    PRETRAIN_RANGES,
    TRAIN_RANGES,
    AugmentConfig,
    PretrainConfig,
    TrainConfig,
    check_ranges,
)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("epochs", 0, r"must be at least 1"),
        ("batch_size", -3, r"must be at least 1"),
        ("accumulate", 0, r"must be at least 1"),
        ("validate_every", 0, r"must be at least 1"),
        ("learning_rate", 0.0, r"must be greater than 0"),
        ("learning_rate", float("nan"), r"must be greater than 0"),
        ("adapter_learning_rate", -1e-3, r"must be greater than 0"),
        ("warmup_epochs", -1, r"must not be negative"),
        ("mutual_ramp_epochs", -1, r"must not be negative"),
        ("patience", -1, r"must not be negative"),
        ("weight_decay", -0.1, r"must not be negative"),
        ("clip_norm", -1.0, r"must not be negative"),
        ("sense_weight", -1.0, r"must not be negative"),
        ("mutual_weight", -1.0, r"must not be negative"),
        ("milestone_factor", 0.0, r"must be in \(0, 1\]"),
        ("milestone_factor", 1.1, r"must be in \(0, 1\]"),
        ("average_decay", 1.0, r"must be in \[0, 1\)"),
        ("foreign_sound", 1.01, r"must be in \[0, 1\]"),
        ("seed", -1, r"must be in \[0, 2\^32\)"),
        ("seed", 2**32, r"must be in \[0, 2\^32\)"),
        ("milestones", (3, 0), r"must each be at least 1"),
    ],
)
def test_train_ranges(name: str, value: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=rf"train\.{name} [(\[].*[)\]] {rule}"):
        TrainConfig(**{name: value})


def test_the_ends_of_ranges_are_allowed() -> None:
    TrainConfig(warmup_epochs=0, patience=0, clip_norm=0.0, weight_decay=0.0, milestone_factor=1.0)
    TrainConfig(seed=2**32 - 1, average_decay=0.0, foreign_sound=1.0, mutual_weight=0.0)
    AugmentConfig(brightness=0.0, shift_cells=0, gain_db=0.0, mix=1.0, snr_db=(20.0, 20.0))
    PretrainConfig(epochs=1, groups=1, weight_decay=0.0)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("brightness", 1.5, r"must be in \[0, 1\)"),
        ("contrast", -0.1, r"must be in \[0, 1\)"),
        ("saturation", 1.0, r"must be in \[0, 1\)"),
        ("shift_cells", -1, r"must not be negative"),
        ("gain_db", -1.0, r"must not be negative"),
        ("mix", 1.5, r"must be in \[0, 1\]"),
        ("snr_db", (50.0, 20.0), r"must be the lower and the higher end"),
    ],
)
def test_augment_ranges(name: str, value: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=rf"augment\.{name} \(.*\) {rule}"):
        AugmentConfig(**{name: value})


@pytest.mark.parametrize(("name", "value"), [("epochs", 0), ("groups", 0), ("learning_rate", 0.0)])
def test_pretrain_ranges(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"pretrain\.{name} \({value}\) must be"):
        PretrainConfig(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "ranges", "free"),
    [
        (TrainConfig, TRAIN_RANGES, {"milestones"}),
        (AugmentConfig, AUGMENT_RANGES, {"snr_db"}),
        (PretrainConfig, PRETRAIN_RANGES, set()),
    ],
)
def test_no_number_is_without_a_range(kind: type, ranges: dict[str, Any], free: set[str]) -> None:
    numbers = {f.name for f in fields(kind) if type(f.default) in (int, float, tuple)}
    assert numbers - free == ranges.keys()


def test_the_first_wrong_number_is_named() -> None:
    class Config:
        a, b = -1, -2

    from avel.pipeline.learning.settings import NATURAL

    with pytest.raises(ValueError, match=r"part\.a \(-1\) must not be negative"):
        check_ranges("part", Config(), {"a": NATURAL, "b": NATURAL})


@pytest.mark.parametrize(
    ("every", "first", "epochs", "expected"),
    [
        (1, False, 4, [0, 1, 2, 3]),
        (1, True, 4, [0, 1, 2, 3]),
        (5, False, 12, [4, 9, 11]),
        (5, True, 12, [0, 5, 10, 11]),
        (5, True, 11, [0, 5, 10]),
        (50, False, 3, [2]),
        (50, True, 3, [0, 2]),
    ],
)
def test_which_epochs_are_validated(
    every: int, first: bool, epochs: int, expected: list[int]
) -> None:
    config = TrainConfig(epochs=epochs, validate_every=every, validate_first=first)
    assert [epoch for epoch in range(epochs) if config.validates(epoch)] == expected


def test_ave_validates_as_its_script_does() -> None:
    """AVE-ECCV18, supervised_main.py: `if epoch % 5 == 0` inside a loop from 0."""
    config = TrainConfig(epochs=300, validate_every=5, validate_first=True)
    theirs = [epoch for epoch in range(300) if epoch % 5 == 0]
    ours = [epoch for epoch in range(300) if config.validates(epoch)]
    assert ours == [*theirs, 299]  # the last one beside, so that no run ends unseen


def test_every_setting_says_what_it_is() -> None:
    for key in keys(Experiment()):
        assert len(key.meaning) > 8, key.name
        assert key.kind, key.name
        assert key.meaning.endswith(".") or key.name.startswith("decoder."), key.name


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("train.epochs", "Passes"),
        ("train.batch_size", "Videos"),
        ("train.warmup_epochs", "Epochs"),
        ("train.validate_every", "Epochs"),
        ("train.patience", "Validations"),
        ("train.learning_rate", "per step"),
        ("augment.gain_db", "dB"),
        ("augment.snr_db", "dB"),
        ("augment.shift_cells", "segments"),
        ("adapter.dropout", "Share"),
    ],
)
def test_units_are_said(name: str, unit: str) -> None:
    said = {key.name: key.meaning for key in keys(Experiment())}
    assert unit in said[name]


def test_replacing_a_field_checks_again() -> None:
    with pytest.raises(ValueError, match=r"train\.epochs \(0\)"):
        replace(TrainConfig(), epochs=0)
