"""The rule of everyday events on made scores, where what must come out is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.models.everyday import (
    UNHEARD,
    Array,
    Events,
    Rule,
    hear,
    hear_any,
    hold,
    make_events,
    mix_sounds,
    see,
    weigh,
)

SOUNDS = ("Dog", "Bark", "Violin", "Speech")
SIGHTS = ("beagle", "pug", "violin", "sofa")
TABLE = {
    "Bark": {"heard": {"Dog": 1.0, "Bark": 0.5}, "seen": {"beagle": 1.0, "pug": 1.0}},
    "Violin": {"heard": {"Violin": 1.0}, "seen": {"violin": 1.0}},
    "Speech": {"heard": {"Speech": 1.0}, "seen": {}, "face": 1.0, "tells": False},
}
RULE = Rule(sound_mix=(0.5, 0.5))
TYPICAL = np.log(np.full(4, 0.01, np.float32))


@pytest.fixture
def events() -> Events:
    return make_events(TABLE, SOUNDS, SIGHTS)


def logits(rows: list[list[float]]) -> Array:
    return np.array(rows, np.float32)


def test_arrays_of_a_table(events: Events) -> None:
    np.testing.assert_array_equal(events.heard[:, 0], [1, 0.5, 0, 0])
    np.testing.assert_array_equal(events.seen[:, 0], [1, 1, 0, 0])
    np.testing.assert_array_equal(events.face, [0, 0, 1])
    # nothing is seen of speech, so that sight cannot tell whatever the table says
    assert events.tells.tolist() == [True, True, False]


def test_classes_that_a_network_lacks_are_left_out() -> None:
    events = make_events(TABLE, ("Bark",), SIGHTS)
    assert events.heard.shape == (1, 3)
    assert events.heard[0].tolist() == [0.5, 0, 0]


def test_the_strongest_class_counts_and_a_weight_costs_twice_its_logarithm(events: Events) -> None:
    odds = hear(logits([[1, 0, -3, -4], [-9, 2, -3, -4]]), events, RULE)
    np.testing.assert_allclose(odds[:, 0], [1, 2 + 2 * np.log(0.5)], atol=1e-6)
    np.testing.assert_allclose(odds[:, 1], [-3, -3])


def test_an_event_without_known_sounds_is_never_heard() -> None:
    events = make_events(TABLE, ("Dog",), SIGHTS)
    assert hear(logits([[9]]), events, RULE)[0].tolist() == [9, UNHEARD, UNHEARD]


def test_weak_signs_together_are_a_clear_one(events: Events) -> None:
    """1 - (1 - 0.25) (1 - 0.5) = 0.625 by hand, less what is taken off; one class alone loses nothing."""
    dog, bark = np.log(0.25 / 0.75), 2 * np.log(2)  # Bark weighs a half: 0 after its weight
    found = hear_any(logits([[dog, bark, -3, -4]]), events, RULE, 0.2)
    np.testing.assert_allclose(found[0], [np.log(0.625 / 0.375) - 0.2, -3, -4], atol=1e-5)
    alone = hear_any(logits([[2, -50, -3, -4]]), events, RULE, 0.2)
    np.testing.assert_allclose(alone[0], [2, -3, -4], atol=1e-5)


def test_what_is_very_loud_or_silent_stays_a_number(events: Events) -> None:
    found = hear_any(logits([[300, 300, -300, -300]]), events, RULE, 0.5)
    assert found[0, 0] == pytest.approx(600 + 2 * np.log(0.5) - 0.5)
    np.testing.assert_allclose(found[0, 1:], [-300, -300])


def test_windows_are_mixed_by_their_weights() -> None:
    scores = np.array([[[0, 4], [2, 0]]], np.float32)  # one cell, two windows, two classes
    np.testing.assert_allclose(mix_sounds(scores, (0.75, 0.25)), [[0.5, 3.0]])


def test_sight_is_the_ratio_to_ordinary_pictures(events: Events) -> None:
    shares = np.array([[0.4, 0.5, 0.05, 0.05]], np.float32)
    ratio = see(np.log(shares)[:, None], None, events, TYPICAL, RULE)
    dog = np.log(0.9 / 0.1) - np.log(0.02 / 0.98)
    violin = np.log(0.05 / 0.95) - np.log(0.01 / 0.99)
    np.testing.assert_allclose(ratio[0, :2], [dog - RULE.usual, violin - RULE.usual], atol=2e-2)


def test_the_best_view_counts(events: Events) -> None:
    whole, side = [0.0, 0, 0, 9], [0.0, 0, 9, 0]
    both = see(logits([whole, side])[None], None, events, TYPICAL, RULE)
    alone = see(logits([side])[None], None, events, TYPICAL, RULE)
    assert both[0, 1] == pytest.approx(alone[0, 1])


def test_a_face_speaks_for_speech_and_for_nothing_else(events: Events) -> None:
    scores = np.zeros((2, 1, 4), np.float32)
    without = see(scores, None, events, TYPICAL, RULE)
    seen = see(scores, np.array([6.0, -10.0], np.float32), events, TYPICAL, RULE)
    assert seen[0, 2] == 6
    assert seen[1, 2] == max(without[1, 2], 0)
    np.testing.assert_array_equal(seen[:, :2], without[:, :2])


def test_long_videos_in_parts_are_the_same(events: Events) -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(700, 2, 4)).astype(np.float32)
    whole = see(scores, None, events, TYPICAL, RULE)
    for at in (0, 255, 256, 699):
        one = see(scores[at : at + 1], None, events, TYPICAL, RULE)
        np.testing.assert_allclose(whole[at], one[0], rtol=1e-5)


def test_without_cells() -> None:
    events = make_events(TABLE, SOUNDS, SIGHTS)
    assert see(np.zeros((0, 1, 4), np.float32), None, events, TYPICAL, RULE).shape == (0, 3)


def test_what_sight_can_tell_must_be_seen(events: Events) -> None:
    heard = np.full((1, 3), 2, np.float32)
    seen = np.array([[RULE.support + 0.1, RULE.support - 0.1, 0]], np.float32)
    onset = weigh(heard, seen, events, RULE).onset[0]
    assert onset[0] == pytest.approx(2 + RULE.sight_weight * (RULE.support + 0.1), abs=1e-5)
    assert onset[1] == UNHEARD


def test_what_sight_cannot_tell_yields_to_what_is_plainly_seen(events: Events) -> None:
    heard = np.full((2, 3), 1, np.float32)
    seen = np.array([[0, 0, 0], [RULE.unseen + 1, 0, 0]], np.float32)
    onset = weigh(heard[:1], seen[:1], events, RULE).onset[0, 2]
    beside_a_dog = weigh(heard[1:], seen[1:], events, RULE).onset[0, 2]
    assert onset == pytest.approx(1)
    assert beside_a_dog == pytest.approx(1 - RULE.rivalry)


def test_an_event_that_goes_on_outlasts_a_look_away(events: Events) -> None:
    heard = np.full((3, 3), 2, np.float32)
    seen = np.array([[6, 0, 0], [-6, 0, 0], [6, 0, 0]], np.float32)
    evidence = weigh(heard, seen, events, RULE)
    assert evidence.going[1, 0] > evidence.onset[1, 0] > UNHEARD
    assert evidence.going[1, 0] == pytest.approx(evidence.going[0, 0])


def test_sight_is_believed_to_a_bound(events: Events) -> None:
    seen = np.array([[50, 0, 0]], np.float32)
    evidence = weigh(np.zeros((1, 3), np.float32), seen, events, RULE)
    assert evidence.sight[0, 0] == RULE.most_sight
    assert evidence.onset[0, 0] == pytest.approx(RULE.sight_weight * RULE.most_sight)


@given(st.integers(1, 12), st.integers(0, 6), st.floats(0, 3), st.integers(0, 99))
def test_holding_is_the_largest_within_reach_less_what_fades(
    T: int, reach: int, fade: float, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=(T, 2)).astype(np.float32)
    held = hold(values, fade, reach)
    for t in range(T):
        near = [
            values[other] - fade * abs(other - t) for other in range(T) if abs(other - t) <= reach
        ]
        np.testing.assert_allclose(held[t], np.max(near, 0), atol=1e-5)


@given(st.floats(-5, 5), st.floats(0.1, 4), st.integers(0, 2))
def test_hearing_more_never_lowers_an_event(heard: float, more: float, event: int) -> None:
    events = make_events(TABLE, SOUNDS, SIGHTS)
    seen = np.array([[4, 1, 3]], np.float32)
    low = np.full((1, 3), heard, np.float32)
    high = low.copy()
    high[0, event] += more
    before, after = weigh(low, seen, events, RULE), weigh(high, seen, events, RULE)
    assert after.onset[0, event] >= before.onset[0, event]
    np.testing.assert_array_equal(np.delete(after.onset, event), np.delete(before.onset, event))


def test_a_rival_costs_less_once_an_event_has_begun(events: Events) -> None:
    """Both are seen, the other by 2 more."""
    heard, seen = np.full((1, 3), 1.0, np.float32), logits([[4, 6, 0]])
    evidence = weigh(heard, seen, events, RULE)
    np.testing.assert_allclose(evidence.onset[0, 0], 1 + 0.4 * 4 - 3 * 2, rtol=1e-6)
    np.testing.assert_allclose(evidence.going[0, 0], 1 + 0.4 * 4 - 0.75 * 2, rtol=1e-6)
