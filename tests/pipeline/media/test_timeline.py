"""Time in whole numbers, against the definitions written with fractions and by brute force."""

from collections import deque
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.pipeline.media.timeline import (
    REORDER_PACKETS,
    ShotPlan,
    StreamClock,
    num_cells,
    shot_seconds,
)

bases = st.sampled_from(
    [Fraction(1, 1000), Fraction(1, 90_000), Fraction(1001, 30_000), Fraction(1, 12_800)]
)
origins = st.fractions(-5, 5, max_denominator=90_000)
ticks = st.integers(-100_000, 1_000_000)
shots_in_a_cell = st.integers(1, 60)


# A stream's own ticks to common time.


@given(bases, origins, ticks)
def test_seconds_are_pts_times_base_less_the_origin(
    base: Fraction, origin: Fraction, pts: int
) -> None:
    clock = StreamClock(base, origin)
    assert clock.seconds(pts) == pts * base - origin
    assert clock.whole_seconds(pts) == floor(pts * base - origin)


@given(bases, origins, ticks, shots_in_a_cell)
def test_first_shot_is_the_first_not_before(
    base: Fraction, origin: Fraction, pts: int, per_cell: int
) -> None:
    clock = StreamClock(base, origin)
    shot = clock.first_shot(pts, per_cell)
    assert shot >= 0
    assert shot == 0 or shot_seconds(shot, per_cell) >= clock.seconds(pts)
    assert shot == 0 or shot_seconds(shot - 1, per_cell) < clock.seconds(pts)


@given(bases, origins, st.integers(-20_000, 200_000), st.integers(1, 7))
def test_first_shot_by_counting(base: Fraction, origin: Fraction, pts: int, per_cell: int) -> None:
    clock = StreamClock(base, origin)
    moment, counted = pts * base - origin, 0
    while shot_seconds(counted, per_cell) < moment and counted < 500:
        counted += 1
    assert min(clock.first_shot(pts, per_cell), 500) == counted


def test_a_frame_at_the_moment_of_a_shot_is_shown_by_it() -> None:
    clock = StreamClock(Fraction(1, 1000), Fraction(0))
    assert [clock.first_shot(pts, 1) for pts in (0, 499, 500, 501, 1500, 1501)] == [
        0, 0, 0, 1, 1, 2,
    ]  # fmt: skip


@given(bases, origins, ticks, st.sampled_from([8000, 44_100, 96_000]))
def test_nearest_sample_and_halves_go_up(
    base: Fraction, origin: Fraction, pts: int, rate: int
) -> None:
    exact = (pts * base - origin) * rate
    assert StreamClock(base, origin).sample(pts, rate) == floor(exact + Fraction(1, 2))


def test_a_later_origin_moves_everything_back() -> None:
    early, late = (StreamClock(Fraction(1, 1000), Fraction(o)) for o in (0, 2))
    assert late.seconds(5000) == early.seconds(3000) == 3
    assert late.sample(5000, 8000) == 24_000
    assert late.seconds(1000) == -1
    assert late.whole_seconds(1999) == -1


# Cells and shots.


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


@given(st.fractions(0, 10_000, max_denominator=48_000))
def test_cells_cover_all_but_a_tenth_of_a_second(duration: Fraction) -> None:
    cells = num_cells(duration)
    assert cells >= 1
    assert cells >= duration - Fraction(1, 10)
    assert cells == 1 or cells - 1 < duration - Fraction(1, 10)


@given(st.integers(0, 1000), shots_in_a_cell)
def test_shots_stand_in_the_middle_of_equal_parts(cell: int, per_cell: int) -> None:
    moments = [shot_seconds(cell * per_cell + k, per_cell) for k in range(per_cell)]
    assert all(cell < moment < cell + 1 for moment in moments)
    assert moments == [cell + (k + Fraction(1, 2)) / per_cell for k in range(per_cell)]


# The plan: which frames will be on screen at a shot.


def on_screen(ordered: list[int], per_cell: int, rate: int = 25) -> set[int]:
    """Frames that some shot sees, looking at every one of them."""
    shots, seen, frame = ceil(Fraction(ordered[-1], rate) * per_cell) + 2, set(), 0
    for shot in range(shots):
        moment = shot_seconds(shot, per_cell) * rate
        while frame + 1 < len(ordered) and ordered[frame + 1] <= moment:
            frame += 1
        seen.add(ordered[frame])
    return seen


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=40, unique=True),
    st.integers(1, 5),
    st.randoms(),
)
def test_plan_wants_every_frame_that_is_shown(times: list[int], per_cell: int, rng) -> None:  # type: ignore[no-untyped-def]
    """Whatever order packets come in, the wanted ones include every frame on screen at a shot."""
    ordered, decode_order = sorted(times), list(times)
    rng.shuffle(decode_order)
    plan = ShotPlan(StreamClock(Fraction(1, 25), Fraction(0)), per_cell)
    for pts in decode_order:
        plan.add(pts)
    wanted = {pts for pts in decode_order if plan.shown(pts)}
    assert on_screen(ordered, per_cell) <= wanted
    assert wanted <= on_screen(ordered, per_cell) | {ordered[0], ordered[-1]}


@settings(max_examples=30)
@given(
    st.lists(st.integers(1, 30), min_size=2 * REORDER_PACKETS, max_size=160),
    st.integers(1, 3),
    st.integers(1, 16),
    st.randoms(),
)
def test_plan_knows_enough_a_few_packets_ahead(steps, per_cell: int, reorder: int, rng) -> None:  # type: ignore[no-untyped-def]
    """Asked as a reader asks: REORDER_PACKETS behind, of streams reordered by 16 at most."""
    ordered = [sum(steps[:n]) for n in range(len(steps))]
    decode_order = list(ordered)
    for first in range(0, len(ordered), reorder):
        part = decode_order[first : first + reorder]
        rng.shuffle(part)
        decode_order[first : first + reorder] = part
    plan, waiting, wanted = (
        ShotPlan(StreamClock(Fraction(1, 25), Fraction(0)), per_cell),
        deque(),
        set(),
    )
    for pts in decode_order:
        plan.add(pts)
        waiting.append(pts)
        if len(waiting) > REORDER_PACKETS and plan.shown(oldest := waiting.popleft()):
            wanted.add(oldest)
    wanted |= {pts for pts in waiting if plan.shown(pts)}
    assert on_screen(ordered, per_cell) <= wanted
    assert wanted <= on_screen(ordered, per_cell) | {ordered[0], ordered[-1]}


def test_a_plan_of_a_long_film_stays_small() -> None:
    plan = ShotPlan(StreamClock(Fraction(1, 25), Fraction(0)), 1)
    for pts in range(10_000):
        plan.add(pts)
        if pts > REORDER_PACKETS:
            plan.shown(pts - REORDER_PACKETS)
    assert len(plan._known) <= 6 * REORDER_PACKETS


# Windows of cells.
