"""The one rule from probabilities to decisions: by hand, against a naive loop, for any shape."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from avel.pipeline.method.decide import decide, joint, log_odds
from avel.pipeline.method.decoders import DECODERS, EventConfig
from avel.pipeline.method.hysteresis import DEPTH


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


@given(
    st.integers(0, 10_000),
    st.integers(1, 5),
    st.sampled_from([name for name in DECODERS if name != "hysteresis"]),
    st.floats(0.05, 0.95),
)
def test_every_segment_as_by_hand(seed: int, K: int, decoder: str, threshold: float) -> None:
    how = EventConfig(decoder, threshold)  # type: ignore[arg-type]
    output, there = outputs(seed, (7,), K)
    expected = [
        by_hand(float(output.relevance[t]), output.classes[t], there[t], how) for t in range(7)
    ]
    assert decide(output, there, how).tolist() == expected


def logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def by_hysteresis(output: Output, there: NDArray[np.bool_], how: EventConfig) -> list[int]:
    """One video, in words: from each cell over the threshold as far as it stays near it."""
    T, K = output.classes.shape[0], output.classes.shape[1] - 1
    each = output.relevance[:, None].astype(float) * output.classes[:, :K] * there[:, None]
    on = np.zeros((T, K), bool)
    for k in range(K):
        for t in range(T):
            if each[t, k] <= how.threshold:
                continue
            for step in (-1, 1):
                at = t
                while 0 <= at < T and each[at, k] > 0 and logit(each[at, k]) > how.log_odds - DEPTH:
                    on[at, k] = True
                    at += step
    return [
        int(np.where(on[t], each[t], -1).argmax()) if on[t].any() and there[t] else K
        for t in range(T)
    ]


@given(st.integers(0, 10_000), st.integers(1, 4), st.floats(0.05, 0.8))
def test_hysteresis_as_by_hand(seed: int, K: int, threshold: float) -> None:
    how = EventConfig("hysteresis", threshold)
    output, there = outputs(seed, (12,), K)
    assert decide(output, there, how).tolist() == by_hysteresis(output, there, how)


def test_what_has_begun_goes_on_at_less() -> None:
    """The gate is shut in the second cell; the event of the first goes on until the fourth."""
    relevance = np.array([0.9, 0.4, 0.2, 0.05, 0.4], np.float32)
    output = Output(relevance, np.array([[1, 0]] * 5, np.float32))
    there = np.ones(5, bool)
    assert decide(output, there, EventConfig("gate")).tolist() == [0, 1, 1, 1, 1]
    assert decide(output, there, EventConfig("hysteresis")).tolist() == [0, 0, 0, 1, 1]
    there[1] = False
    assert decide(output, there, EventConfig("hysteresis")).tolist() == [0, 1, 1, 1, 1]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_log_odds_are_bounded_in_any_precision(kind: type) -> None:
    found = log_odds(np.array([0, 0.5, 0.9, 1], kind))
    assert np.isfinite(found).all()
    assert found[1] == 0
    np.testing.assert_allclose(found[[0, 2, 3]], [-20.7232658, np.log(9), 20.7232658], rtol=1e-6)


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
