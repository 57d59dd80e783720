"""The one rule from probabilities to decisions: by hand, against a naive loop, for any shape."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from avel.pipeline.method.decide import DECODERS, EventConfig, decide, decoder_of, joint
from avel.pipeline.reasons import InputError


class Output(NamedTuple):
    relevance: NDArray[np.float32]
    classes: NDArray[np.float32]


def outputs(seed: int, shape: tuple[int, ...], K: int) -> tuple[Output, NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    classes = rng.dirichlet(np.ones(K + 1), shape).astype(np.float32)
    return Output(rng.random(shape).astype(np.float32), classes), rng.random(shape) < 0.7


def by_hand(relevance: float, classes: NDArray[np.float32], there: bool, how: EventConfig) -> int:
    """One segment, in words."""
    background = len(classes) - 1
    if not there:
        return background
    if how.decoder == "ungated":
        return int(np.argmax(classes))
    if how.decoder == "gate":
        return int(np.argmax(classes)) if relevance > how.threshold else background
    each = [np.float32(relevance) * c for c in classes[:-1]]
    each.append(1 - np.sum(np.array(each), dtype=np.float32))
    return int(np.argmax(each))


def test_decoders_by_example() -> None:
    relevance = np.array([0.6, 0.8, 0.2], np.float32)
    classes = np.array([[0.7, 0.3, 0.0], [0.4, 0.6, 0.0], [0.1, 0.2, 0.7]], np.float32)
    there = np.ones(3, bool)
    output = Output(relevance, classes)
    decided = {
        (decoder, threshold): decide(output, there, EventConfig(decoder, threshold)).tolist()
        for decoder, threshold in (("gate", 0.5), ("gate", 0.7), ("argmax", 0.5), ("ungated", 0.5))
    }
    assert decided["gate", 0.5] == [0, 1, 2]
    assert decided["gate", 0.7] == [2, 1, 2]
    assert decided["argmax", 0.5] == [0, 1, 2]  # 0.42 against 0.4 for background
    assert decided["ungated", 0.5] == [0, 1, 2]
    shut = Output(relevance * 0, classes)
    assert decide(shut, there, EventConfig("ungated")).tolist() == [0, 1, 2]
    assert decide(shut, ~there, EventConfig("ungated")).tolist() == [2, 2, 2]


@given(st.integers(0, 10_000), st.integers(1, 5), st.sampled_from(DECODERS), st.floats(0.05, 0.95))
def test_every_segment_as_by_hand(seed: int, K: int, decoder: str, threshold: float) -> None:
    how = EventConfig(decoder, threshold)  # type: ignore[arg-type]
    output, there = outputs(seed, (7,), K)
    expected = [
        by_hand(float(output.relevance[t]), output.classes[t], there[t], how) for t in range(7)
    ]
    assert decide(output, there, how).tolist() == expected


@given(st.integers(0, 10_000), st.sampled_from(DECODERS))
def test_many_videos_are_decided_as_each_alone(seed: int, decoder: str) -> None:
    how = EventConfig(decoder)  # type: ignore[arg-type]
    output, there = outputs(seed, (3, 5), 4)
    together = decide(output, there, how)
    assert together.shape == (3, 5)
    for video in range(3):
        alone = Output(output.relevance[video], output.classes[video])
        np.testing.assert_array_equal(together[video], decide(alone, there[video], how))


@pytest.mark.parametrize("decoder", DECODERS)
def test_nothing_is_found_where_a_stream_is_missing(decoder: str) -> None:
    """However sure the model is: also `ungated`, which asks for no relevance."""
    sure = Output(np.ones(3, np.float32), np.array([[1, 0, 0]] * 3, np.float32))
    there = np.array([True, False, True])
    assert decide(sure, there, EventConfig(decoder)).tolist() == [0, 2, 0]  # type: ignore[arg-type]


@given(st.integers(0, 10_000))
def test_joint_is_a_distribution(seed: int) -> None:
    output, _ = outputs(seed, (2, 4), 3)
    each = joint(output)
    np.testing.assert_allclose(each.sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(
        each[..., :-1], output.relevance[..., None] * output.classes[..., :-1]
    )


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
