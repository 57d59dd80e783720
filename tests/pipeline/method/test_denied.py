"""What gives way to what people say: known stretches, and what holds of any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.method.denied import denied, standing
from avel.pipeline.method.events import Disagreement, Event

PAIR = ("Whistle", "Warbling cross")


def event(label: str, onset: float, offset: float) -> Event:
    return Event(onset, offset, label, 0.9)


WHISTLE, CROSS = event("Whistle", 2, 6), event("Warbling cross", 2, 6)


def test_a_new_name_stands_in_the_place_of_the_old_one() -> None:
    assert denied([([WHISTLE], [CROSS])]) == [PAIR]


def test_what_keeps_its_name_is_not_denied() -> None:
    """Also where it was cut, or is written with other capitals."""
    for kept in (WHISTLE, event("whistle", 5, 9)):
        assert denied([([WHISTLE], [kept, CROSS])]) == []
    assert denied([([WHISTLE], [WHISTLE])]) == []


def test_its_own_name_elsewhere_is_not_its_own() -> None:
    assert denied([([WHISTLE], [event("Whistle", 6, 9), CROSS])]) == [PAIR]


@pytest.mark.parametrize(
    ("onset", "offset", "same"),
    [
        (4, 9, False),
        (3.9, 8, True),
        (6, 9, False),
        (0, 20, True),
        (3, 4, True),
        (5.5, 6.5, False),
        (5.4, 6.4, True),
    ],
)
def test_more_than_half_of_the_shorter_one_is_shared(
    onset: float, offset: float, same: bool
) -> None:
    said = [event("Warbling cross", onset, offset)]
    assert denied([([WHISTLE], said)]) == ([PAIR] if same else [])


def test_a_film_without_events_denies_without_a_name() -> None:
    assert denied([([WHISTLE], [])]) == denied([([], [CROSS])]) == denied([]) == []


def test_labels_that_were_there_at_once_stay_beside_each_other() -> None:
    """Whichever film says so."""
    both = ([], [event("WHISTLE", 1, 3), event("Warbling cross", 2.5, 4)])
    one_after_the_other = ([], [event("Whistle", 1, 3), event("Warbling cross", 3, 4)])
    assert denied([([WHISTLE], [CROSS]), both]) == denied([both, ([WHISTLE], [CROSS])]) == []
    assert denied([([WHISTLE], [CROSS]), one_after_the_other]) == [PAIR]


def test_each_pair_once_in_order() -> None:
    film = ([WHISTLE, event("Bell", 2, 5)], [CROSS, event("Owl", 3, 4)])
    names = [(old, new) for old in ("Bell", "Whistle") for new in ("Owl", "Warbling cross")]
    assert denied(iter([film, film])) == names


@pytest.mark.parametrize(
    ("spans", "stays"),
    [
        ([(2, 6)], False),
        ([(2, 4)], True),
        ([(2, 4.1)], False),
        ([(0, 3), (5, 9)], True),
        ([(0, 3.1), (5, 9)], False),
        ([(2, 4), (3, 4)], True),
        ([(6, 9)], True),
        ([], True),
    ],
)
def test_mostly_under_what_is_found(spans: list[tuple[float, float]], stays: bool) -> None:
    taught = [event("Warbling cross", *span) for span in spans]
    assert standing([WHISTLE], taught, {PAIR}) == ([WHISTLE] if stays else [])


def test_only_pairs_give_way() -> None:
    assert standing([WHISTLE], [CROSS], set()) == [WHISTLE]
    assert standing([WHISTLE], [CROSS], {PAIR[::-1], ("Whistle", "Owl")}) == [WHISTLE]
    bell, both = event("Bell", 2, 6), {PAIR, ("Whistle", "Owl")}
    assert standing([bell, WHISTLE], [CROSS], {PAIR}) == [bell]
    halves = [event("Warbling cross", 2, 4), event("Owl", 4, 6)]
    assert standing([WHISTLE], halves, both) == []
    assert standing([WHISTLE], halves, {PAIR}) == [WHISTLE]


def test_what_one_sense_names_gives_way_too() -> None:
    heard = Disagreement(3, 5, "Whistle", "heard, not seen")
    assert standing([heard], [CROSS], {PAIR}) == []
    assert standing([heard], [CROSS], set()) == [heard]


NAMES = st.sampled_from(["Whistle", "Bell", "Owl"])
EVENTS = st.lists(
    st.builds(lambda label, on, length: event(label, on, on + length), NAMES, st.integers(0, 12), st.integers(1, 6)),
    max_size=6,
)  # fmt: skip


def seconds(some: Event) -> set[int]:
    return set(range(int(some.onset), int(some.offset)))


@given(EVENTS, EVENTS, st.sets(st.tuples(NAMES, NAMES)))
def test_standing_is_what_counting_seconds_says(
    found: list[Event], taught: list[Event], pairs: set[tuple[str, str]]
) -> None:
    def under(one: Event) -> set[int]:
        return {s for t in taught if (one.label, t.label) in pairs for s in seconds(t)}

    left = [e for e in found if 2 * len(seconds(e) & under(e)) <= len(seconds(e))]
    assert standing(found, taught, pairs) == left


@given(st.lists(st.tuples(EVENTS, EVENTS), max_size=3))
def test_denied_is_what_counting_seconds_says(
    films: list[tuple[list[Event], list[Event]]],
) -> None:
    def at_once(a: str, b: str) -> bool:
        return any(
            one.label == a and other.label == b and seconds(one) & seconds(other)
            for _, said in films
            for one in said
            for other in said
        )

    expected = {
        (e.label, s.label)
        for found, said in films
        for e in found
        for s in said
        if not any(o.label == e.label and seconds(o) & seconds(e) for o in said)
        and 2 * len(seconds(e) & seconds(s)) > min(len(seconds(e)), len(seconds(s)))
        and not at_once(e.label, s.label)
    }
    assert denied(films) == sorted(expected)
