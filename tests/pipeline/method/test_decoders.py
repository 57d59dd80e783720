"""Decoders as they are asked for: what is wrong is named, and nothing slow is loaded for it."""

import numpy as np
import pytest

from avel.pipeline.method.decoders import DECODERS, Decoder, EventConfig, OwnOfEach, decoder_of
from avel.pipeline.reasons import InputError


def test_nothing_asked_is_the_models_own_way() -> None:
    assert decoder_of(None, None) is None


def over(
    own: EventConfig, decoder: Decoder | None = None, threshold: float | None = None
) -> EventConfig:
    asked = decoder_of(decoder, threshold)
    assert asked is not None
    return asked.over(own)


@pytest.mark.parametrize("own", [EventConfig("gate", 0.5), EventConfig("hysteresis", 0.32)])
def test_a_threshold_alone_is_of_the_models_own_decoder(own: EventConfig) -> None:
    assert over(own, threshold=0.7) == EventConfig(own.decoder, 0.7)
    assert over(own, threshold=np.float32(0.25)) == EventConfig(own.decoder, 0.25)  # type: ignore[arg-type]


@pytest.mark.parametrize("decoder", ["argmax", "ungated"])
def test_a_threshold_alone_is_of_the_gate_where_the_own_has_none(decoder: Decoder) -> None:
    assert over(EventConfig(decoder), threshold=0.7) == EventConfig("gate", 0.7)


@pytest.mark.parametrize("own", [EventConfig("gate", 0.7), EventConfig("hysteresis", 0.32)])
@pytest.mark.parametrize("name", DECODERS)
def test_every_decoder_of_the_field_may_be_asked_for(name: Decoder, own: EventConfig) -> None:
    """The model's own threshold stays its own, and none that was chosen for another decoder."""
    usual = own.threshold if name == own.decoder else 0.5
    assert over(own, name) == EventConfig(name, usual)
    assert over(own, name, 0.2) == EventConfig(name, 0.2)


@pytest.mark.parametrize("own", [EventConfig("hysteresis", 0.32), EventConfig("gate", 0.7)])
def test_the_own_decoder_written_out_changes_nothing(own: EventConfig) -> None:
    assert over(own, own.decoder) == own


def test_what_is_asked_of_several_is_asked_of_each() -> None:
    """Even where it is what one of them does anyway."""
    each = OwnOfEach("hysteresis", 0.5)
    asked = over(each, threshold=0.5)
    assert asked == EventConfig("hysteresis", 0.5)
    assert not isinstance(asked, OwnOfEach)
    assert each != asked


def test_the_threshold_as_log_odds() -> None:
    assert EventConfig("hysteresis", 0.5).log_odds == 0
    assert EventConfig("hysteresis", 0.32).log_odds == pytest.approx(np.log(0.32 / 0.68))
    assert EventConfig("gate", 0.9).log_odds == pytest.approx(np.log(9))


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
