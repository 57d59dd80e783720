"""Decoders as they are asked for: what is wrong is named, and nothing slow is loaded for it."""

import numpy as np
import pytest

from avel.pipeline.method.decoders import DECODERS, EventConfig, decoder_of
from avel.pipeline.reasons import InputError


def test_nothing_asked_is_the_models_own_way() -> None:
    assert decoder_of(None, None) is None


def test_a_threshold_alone_is_of_the_gate() -> None:
    assert decoder_of(None, 0.7) == EventConfig("gate", 0.7)
    assert decoder_of(None, np.float32(0.25)) == EventConfig("gate", 0.25)  # type: ignore[arg-type]


def test_every_decoder_of_the_field_may_be_asked_for() -> None:
    for name in DECODERS:
        assert decoder_of(name, None) == EventConfig(name, 0.5)  # type: ignore[arg-type]
        assert decoder_of(name, 0.2) == EventConfig(name, 0.2)  # type: ignore[arg-type]


def test_what_cannot_be_asked_for() -> None:
    with pytest.raises(TypeError, match=r"threshold \('0.4'\) must be a number, not str"):
        decoder_of(None, "0.4")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"threshold \(2.0\) must be between 0 and 1"):
        decoder_of("gate", 2)
    with pytest.raises(InputError, match=r"decoder \('gates'\) must be one of gate, argmax"):
        decoder_of("gates", None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("decoder", "threshold", "message"),
    [
        ("max", 0.5, r"decoder \('max'\) must be one of gate, argmax, ungated"),
        ("gate", 1.0, r"threshold \(1.0\) must be between 0 and 1"),
        ("gate", 0.0, r"threshold \(0.0\) must be between 0 and 1"),
        ("gate", float("nan"), r"threshold \(nan\) must be between 0 and 1"),
    ],
)
def test_wrong_configs_are_the_users(decoder: str, threshold: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        EventConfig(decoder, threshold)  # type: ignore[arg-type]
