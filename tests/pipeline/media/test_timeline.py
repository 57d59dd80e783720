"""Time in whole numbers, against the definitions written with fractions."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.media.timeline import ShotPlan, StreamClock, num_cells, shot_seconds, windows

bases = st.sampled_from(
    [Fraction(1, 1000), Fraction(1, 90_000), Fraction(1001, 30_000), Fraction(1, 12_800)]
)
origins = st.fractions(-5, 5, max_denominator=90_000)


@given(bases, origins, st.integers(-100_000, 1_000_000), st.integers(1, 60))
def test_first_shot_is_the_first_not_before(
    base: Fraction, origin: Fraction, pts: int, per_cell: int
) -> None:
    clock = StreamClock(base, origin)
    assert clock.seconds(pts) == pts * base - origin
    shot = clock.first_shot(pts, per_cell)
    assert shot == 0 or shot_seconds(shot, per_cell) >= clock.seconds(pts)
    assert shot == 0 or shot_seconds(shot - 1, per_cell) < clock.seconds(pts)


@given(bases, origins, st.integers(-1000, 1_000_000), st.sampled_from([8000, 44_100, 96_000]))
def test_nearest_sample(base: Fraction, origin: Fraction, pts: int, rate: int) -> None:
    clock = StreamClock(base, origin)
    exact = clock.seconds(pts) * rate
    assert -Fraction(1, 2) < exact - clock.sample(pts, rate) + Fraction(0) <= Fraction(1, 2) or (
        exact - clock.sample(pts, rate) == -Fraction(1, 2)
    )


@pytest.mark.parametrize(
    ("duration", "cells"),
    [
        ("0", 1),
        ("0.05", 1),
        ("1", 1),
        ("1.1", 1),
        ("1.11", 2),
        ("7.2", 8),
        ("10.03", 10),
        ("10.1", 10),
        ("11.72", 12),
    ],
)
def test_number_of_cells(duration: str, cells: int) -> None:
    assert num_cells(Fraction(duration)) == cells


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=80, unique=True),
    st.integers(1, 5),
    st.randoms(),
)
def test_plan_wants_every_frame_that_is_shown(times: list[int], per_cell: int, rng) -> None:  # type: ignore[no-untyped-def]
    """Whatever order packets come in, the wanted ones include every frame on screen at a shot."""
    clock = StreamClock(Fraction(1, 25), Fraction(0))
    ordered = sorted(times)
    decode_order = list(times)
    rng.shuffle(decode_order)
    plan = ShotPlan(clock, per_cell)
    for pts in decode_order:
        plan.add(pts)
    wanted = {pts for pts in decode_order if plan.shown(pts)}
    shots = range(ceil(ordered[-1] / 25 * per_cell) + 2)
    on_screen = {
        max(
            (t for t in ordered if Fraction(t, 25) <= shot_seconds(s, per_cell)), default=ordered[0]
        )
        for s in shots
    }
    assert on_screen <= wanted
    assert wanted <= on_screen | {ordered[0], ordered[-1]}


@given(st.integers(1, 300), st.integers(1, 20), st.data())
def test_windows_cover_everything_once_or_more(
    count: int, length: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, length - 1))
    spans = windows(count, length, overlap)
    assert {t for span in spans for t in span} == set(range(count))
    assert all(len(span) == min(length, count) for span in spans)


def test_documented_windows() -> None:
    assert windows(13, 10, 5) == [range(0, 10), range(3, 13)]
    assert windows(22, 10, 5) == [range(0, 10), range(5, 15), range(10, 20), range(12, 22)]
    with pytest.raises(ValueError, match=r"overlap \(10 cells\) must be in \[0, length\)"):
        windows(20, 10, 10)
