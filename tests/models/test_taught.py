"""Events by example: vectors that are similar where they should be, and levels that follow films."""

from dataclasses import replace

import numpy as np
import pytest

from avel.models.taught import Film, Likeness, Looks, Taught, fit, weigh

SOUNDS, SIGHTS = 6, 5


def looks(rule: Likeness | None = None) -> Looks:
    return Looks(np.zeros(SOUNDS, np.float32), np.zeros(SIGHTS, np.float32), rule or Likeness())


def seconds(heard: list[int], seen: list[int], made: Looks | None = None) -> np.ndarray:
    """Vectors of seconds that are one class of sound and one of sight."""
    audio = np.full((len(heard), 2, SOUNDS), -30.0, np.float32)
    visual = np.zeros((len(seen), 2, SIGHTS), np.float32)
    for t, (sound, sight) in enumerate(zip(heard, seen, strict=True)):
        audio[t, :, sound], visual[t, :, sight] = 9, 30
    return (made or looks()).of(audio, visual)


def one_each() -> tuple[Taught, Looks]:
    """Event 0 is heard and seen as 0, event 1 as 1; one film each and nothing else."""
    made = looks()
    none = np.zeros((0, made.bounds[-1]), np.float32)
    films = [Film({e: seconds([e] * 3, [e] * 3)}, none) for e in (0, 1)]
    return fit(films, 2, made), made


def test_parts_are_as_long_as_their_weight() -> None:
    vectors, made = seconds([0, 1], [2, 3]), looks()
    assert vectors.shape == (2, 2 * SOUNDS + SIGHTS)
    assert made.bounds == [SOUNDS, 2 * SOUNDS, 2 * SOUNDS + SIGHTS]
    parts = np.split(vectors, made.bounds[:-1], axis=1)
    np.testing.assert_allclose(
        [np.square(part).sum(1) for part in parts], [[0.5] * 2, [0.5] * 2, [0.5] * 2], rtol=1e-5
    )


def test_the_inner_product_is_the_weighted_cosine() -> None:
    """Against the roots of the probabilities, one part after the other."""
    rng = np.random.default_rng(0)
    audio = rng.normal(0, 3, (2, 2, SOUNDS)).astype(np.float32)
    visual = rng.normal(0, 3, (2, 2, SIGHTS)).astype(np.float32)
    usual = Looks(
        rng.random(SOUNDS).astype(np.float32), rng.random(SIGHTS).astype(np.float32), Likeness()
    )
    a, b = usual.of(audio, visual)

    def cosine(x: np.ndarray, y: np.ndarray) -> float:
        return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))

    root = np.sqrt(1 / (1 + np.exp(-audio))) - usual.usual_sounds
    odds = np.exp(visual) / np.exp(visual).sum(-1, keepdims=True)
    sight = np.sqrt(odds).max(1) - usual.usual_sights
    expected = 0.5 * cosine(root[0, 0], root[1, 0]) + 0.5 * cosine(root[0, 1], root[1, 1])
    assert a @ b == pytest.approx(expected + 0.5 * cosine(*sight), abs=1e-5)


def test_windows_without_weight_say_nothing() -> None:
    audio, visual = np.zeros((1, 3, SOUNDS), np.float32), np.zeros((1, 2, SIGHTS), np.float32)
    rule = Likeness(sound_mix=(0.5, 0.0, 0.5))
    some = replace(looks(), rule=rule)
    other = audio.copy()
    other[:, 1] = np.arange(SOUNDS)
    np.testing.assert_array_equal(some.of(audio, visual), some.of(other, visual))
    other[:, 2] = np.arange(SOUNDS)
    assert not np.allclose(some.of(audio, visual), some.of(other, visual))


def test_the_clearest_view_counts() -> None:
    audio, visual = np.zeros((1, 2, SOUNDS), np.float32), np.zeros((1, 2, SIGHTS), np.float32)
    visual[0, 1, 3] = 30
    assert looks().of(audio, visual)[0, 2 * SOUNDS :].argmax() == 3


def test_what_is_usual_does_not_make_films_alike() -> None:
    """A sound that is in every film stands for nothing once it is known to be usual."""
    audio = np.full((2, 2, SOUNDS), -9.0, np.float32)
    audio[:, :, 0] = 9
    audio[0, :, 1] = audio[1, :, 2] = 0
    visual = np.zeros((2, 2, SIGHTS), np.float32)
    usual = np.full(SOUNDS, 0.01, np.float32)
    usual[0] = 1
    plain = looks().of(audio, visual)[:, : 2 * SOUNDS]
    known = Looks(usual, np.zeros(SIGHTS, np.float32), Likeness()).of(audio, visual)
    known = known[:, : 2 * SOUNDS]
    assert plain[0] @ plain[1] > 0.6
    assert known[0] @ known[1] < 0.1


def test_an_event_is_found_by_its_own_seconds() -> None:
    taught, made = one_each()
    odds = weigh(seconds([0, 1, 3], [0, 1, 3]), taught, made)
    np.testing.assert_array_equal(odds.shares.argmax(1), [0, 1, 2])
    assert odds.shares[:2].max(1) == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(odds.shares.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        (odds.heard + odds.seen)[0, 0], made.rule.sharpness * (1.5 - made.rule.ordinary), rtol=1e-3
    )


def test_sound_under_another_picture_loses() -> None:
    taught, made = one_each()
    fitting, other = (
        weigh(seconds([0, 0], [0, 0]), taught, made),
        weigh(seconds([0, 0], [4, 4]), taught, made),
    )
    assert fitting.seen[0, 0] > 0 > other.seen[0, 0]
    assert fitting.heard[0, 0] == pytest.approx(other.heard[0, 0])
    share = made.rule.sight / 1.5
    expected = -made.rule.sharpness * share * made.rule.ordinary - made.rule.unlike
    assert other.seen[0, 0] == pytest.approx(expected, abs=0.1)


def test_a_sight_counts_for_seconds_around_it() -> None:
    taught, made = one_each()
    T = made.rule.reach + 2
    odds = weigh(seconds([0] * T, [0, *[4] * (T - 1)]), taught, made)
    assert odds.seen[made.rule.reach, 0] - odds.seen[-1, 0] == pytest.approx(
        made.rule.unlike, abs=0.05
    )


def test_sight_alone_makes_no_event() -> None:
    taught, made = one_each()
    odds = weigh(seconds([4], [0]), taught, made)
    assert odds.shares[0, 2] > 0.5


def test_an_absent_sense_says_nothing() -> None:
    taught, made = one_each()
    odds = weigh(np.zeros((1, made.bounds[-1]), np.float32), taught, made)
    assert odds.shares[0].argmax() == 2


def test_one_film_takes_the_ordinary_level() -> None:
    taught, made = one_each()
    np.testing.assert_allclose(taught.levels, made.rule.ordinary)


def test_films_that_agree_raise_the_level_and_those_that_do_not_lower_it() -> None:
    made, none = looks(), np.zeros((0, 17), np.float32)
    other = Film({1: seconds([1], [1])}, none)
    alike = [Film({0: seconds([0], [0])}, none) for _ in range(4)]
    unlike = [Film({0: seconds([0], [sight])}, none) for sight in (0, 2, 3, 4)]
    high = fit([*alike, other], 2, made).levels[0]
    low = fit([*unlike, other], 2, made).levels[0]
    assert made.rule.bounds[1] >= high > low
    rule = made.rule
    assert high == pytest.approx(
        (rule.trust * rule.ordinary + 4 * (1.5 + rule.stranger) / 2) / (rule.trust + 4), abs=0.01
    )


def test_the_middle_does_not_follow_the_longer_film() -> None:
    made, none = looks(), np.zeros((0, 17), np.float32)
    long, short = seconds([0] * 9, [0] * 9), seconds([1], [1])
    (event,) = fit([Film({0: long}, none), Film({0: short}, none)], 1, made).events
    assert event @ long[0] == pytest.approx(event @ short[0], abs=1e-5)
    assert np.square(event).sum() == pytest.approx(1.5, abs=1e-5)


def test_background_seconds_silence_what_is_more_like_them() -> None:
    made = looks()
    none = np.zeros((0, made.bounds[-1]), np.float32)
    event = Film({0: (seconds([0], [0]) + seconds([2], [2])) / 2}, none)
    doubtful = seconds([2], [2])
    before = weigh(doubtful, fit([event], 1, made), made)
    film = Film({}, seconds([2, 2], [2, 2]))
    after = weigh(doubtful, fit([event, film], 1, made), made)
    assert before.shares[0, 0] > 0.9
    assert after.shares[0, 0] < 0.5


def test_the_rest_of_an_events_own_film_is_believed_less() -> None:
    made = looks()
    shows, rest = {0: seconds([0], [0])}, seconds([2], [2])
    own = fit([Film(shows, rest)], 1, made)
    apart = fit([Film(shows, rest[:0]), Film({}, rest)], 1, made)
    np.testing.assert_allclose(own.rest, apart.rest)
    np.testing.assert_allclose(own.handicap, [made.rule.own_rest])
    np.testing.assert_allclose(apart.handicap, [0])
    doubtful = seconds([2], [0])
    by_own, by_apart = (weigh(doubtful, taught, made).shares[0] for taught in (own, apart))
    ratio = np.log(by_apart / by_own)
    np.testing.assert_allclose(ratio[1] - ratio[0], 12 * made.rule.own_rest, rtol=1e-4)


def test_a_rule_is_what_it_says() -> None:
    """Without the loss for an unlike picture, sound alone is enough."""
    taught, made = one_each()
    rule = replace(made.rule, unlike=0)
    odds = weigh(seconds([0], [4]), taught, replace(made, rule=rule))
    assert odds.shares[0, 0] > 0.9
