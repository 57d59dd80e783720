"""Time that jumps, against clips joined by hand and stamps made up packet by packet."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.continuity import (
    BYTES_PER_SECOND,
    HOLD_SECONDS,
    PACKET_SECONDS,
    Continuity,
)
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.reasons import Reason
from tests.films import LOSSLESS, regular, seconds_heard, seconds_seen, write_film, write_seconds

MS = Fraction(1, 1000)
SMALL = SegmentConfig(image_size=32)


def packet(
    dts: int | None,
    index: int = 0,
    *,
    pts: int | None = None,
    size: int = 1000,
    duration: int = 40,
    is_corrupt: bool = False,
    is_discard: bool = False,
) -> Any:
    return SimpleNamespace(
        stream_index=index,
        dts=dts,
        pts=dts if pts is None else pts,
        size=size,
        duration=duration,
        is_corrupt=is_corrupt,
        is_discard=is_discard,
    )


def placed(
    packets: Iterable[Any], *, may_jump: bool = False, base: Fraction = MS, streams: int = 2
) -> tuple[list[int], Continuity]:
    """Decoding times after all packets went through, in ticks."""
    continuity = Continuity(dict.fromkeys(range(streams), base), Fraction(0), may_jump=may_jump)
    given_ = list(packets)
    for one in given_:
        continuity.place(one)
    return [one.dts if one.dts is not None else one.pts for one in given_], continuity


# Ordinary files are left alone.


@given(
    st.lists(st.integers(1, 9_000), min_size=1, max_size=60),
    st.sampled_from([Fraction(1, 90_000), MS, Fraction(1001, 30_000)]),
    st.fractions(-100, 100_000, max_denominator=90_000),
)
def test_steady_time_is_left_as_it_is(steps: list[int], base: Fraction, origin: Fraction) -> None:
    """Whatever the steps (below ten seconds), the time base and where the file begins."""
    most = int(9 / base)
    at, stamps = round(origin / base), []
    for step in steps:
        stamps.append(at)
        at += min(step, most)
    continuity = Continuity({0: base}, stamps[0] * base, may_jump=True)
    for stamp in stamps:
        one = packet(stamp, pts=stamp + 3)
        continuity.place(one)
        assert (one.dts, one.pts) == (stamp, stamp + 3)
    assert (continuity.jumps, continuity.gaps) == (0, 0)


def test_frames_that_are_shown_later_than_decoded_are_no_jump() -> None:
    """Without decoding times, pictures come out of order."""
    order = [0, 400, 200, 100, 300, 800, 600, 500, 700]
    given_ = [packet(None, pts=pts) for pts in order]
    assert placed(given_)[0] == order
    assert placed(given_)[1].jumps == 0


def test_what_an_edit_list_leaves_out_is_no_jump() -> None:
    """Frames of the first edit's end are decoded for those before, and of the second's beginning."""
    times = [*range(0, 4000, 40), *range(2000, 6000, 40)]
    left_out = [n < 100 and t >= 2000 for n, t in enumerate(times)]
    given_ = [packet(t, is_discard=out) for t, out in zip(times, left_out, strict=True)]
    found, continuity = placed(given_)
    assert (found, continuity.jumps, continuity.gaps) == (times, 0, 0)


def test_matroska_gives_no_decoding_time_at_first() -> None:
    given_ = [packet(None, pts=0), packet(None, pts=4000), packet(1000, pts=2000), packet(2000)]
    found, continuity = placed(given_)
    assert (found, continuity.jumps) == ([0, 4000, 1000, 2000], 0)


@pytest.mark.parametrize("gap", [3, 60, 590])
@pytest.mark.parametrize("may_jump", [True, False])
def test_a_real_gap_stays_a_gap(gap: int, may_jump: bool) -> None:
    """Surveillance: three seconds, nothing, three seconds, in both streams."""
    times = [*range(0, 3000, 40), *range(1000 * gap, 1000 * gap + 3000, 40)]
    stamps = [(time, index) for time in times for index in (0, 1)]
    found, continuity = placed((packet(*s) for s in stamps), may_jump=may_jump)
    assert found == [time for time, _ in stamps]
    assert continuity.jumps == 0
    assert continuity.gaps == (gap - 3 if gap > 10 else 0)


def test_a_stream_that_pauses_beside_the_other_is_no_jump() -> None:
    """No sound for two minutes, and then again, in a stream whose picture goes on."""
    picture = [(t, 0) for t in range(0, 200_000, 1000)]
    sound = [(t, 1) for t in [*range(0, 5000, 40), *range(150_000, 155_000, 40)]]
    stamps = sorted(picture + sound)
    lost = [packet(t, i, is_corrupt=t == 149_000) for t, i in stamps]
    found, continuity = placed(lost, may_jump=True)
    assert found == [time for time, _ in stamps]
    assert (continuity.jumps, continuity.gaps) == (0, 0)


def test_streams_one_after_the_other_are_no_jump() -> None:
    stamps = [(t, 0) for t in range(0, 3_600_000, 1000)] + [(t, 1) for t in range(0, 3000, 40)]
    found, continuity = placed(packet(*s) for s in stamps)
    assert found == [time for time, _ in stamps]
    assert continuity.jumps == 0


# Jumps.


@settings(max_examples=100)
@given(
    st.integers(601, 10_000_000) | st.integers(-100_000_000, -4),
    st.integers(0, 40),
    st.integers(0, 1),
)
def test_a_jump_moves_both_streams_together(jump: int, lag: int, late: int) -> None:
    """Packets of one stream come later in the file; each stream passes the jump by itself."""
    order = sorted(range(300), key=lambda n: n + lag * (n % 2 == late))
    old = [n < 150 for n in order]
    stamps = [40 * n + (0 if n < 150 else 1000 * jump) for n in order]
    found, continuity = placed(
        packet(stamp, n % 2, duration=80) for stamp, n in zip(stamps, order, strict=True)
    )
    assert continuity.jumps == 1
    moved = [new - stamp for new, stamp in zip(found, stamps, strict=True)]
    assert {shift for shift, was in zip(moved, old, strict=True) if was} == {0}
    (shift,) = {shift for shift, was in zip(moved, old, strict=True) if not was}
    assert abs(shift + 1000 * jump) <= 80 + 40 * lag


def test_every_joined_clip_is_a_jump() -> None:
    clips = [(t, i) for _ in range(20) for t in range(0, 2000, 40) for i in (0, 1)]
    found, continuity = placed(packet(*s) for s in clips)
    assert continuity.jumps == 19
    assert found[::2] == list(range(0, 40_000, 40))


@pytest.mark.parametrize(("lost", "jumps"), [(True, 1), (False, 0)])
def test_lost_packets_make_a_leap_a_jump(lost: bool, jumps: int) -> None:
    """A minute ahead where the container may jump: joined if something broke off before."""
    times = [*range(0, 3000, 40), *range(63_000, 66_000, 40)]
    given_ = [packet(t, is_corrupt=lost and t == 2960) for t in times]
    found, continuity = placed(given_, may_jump=True)
    assert continuity.jumps == jumps
    assert found[75] == (3000 if lost else 63_000)
    again = [packet(t, is_corrupt=lost and t == 2960) for t in times]
    assert placed(again)[1].jumps == 0  # not where it may not


def test_one_wrong_stamp_costs_one_packet() -> None:
    """Far ahead or back: what follows is where it was."""
    for wrong in (900_000_000, -5_000_000):
        given_ = [packet(wrong if t == 2000 else t) for t in range(0, 6000, 40)]
        found, continuity = placed(given_)
        assert [t for t in found if t != found[50]] == [t for t in range(0, 6000, 40) if t != 2000]
        assert abs(found[50] - 2000) <= 40
        assert continuity.jumps == 1


def test_a_picture_that_is_shown_in_a_year_is_shown_now() -> None:
    one = packet(80, pts=10**12)
    placed([packet(0), packet(40), one])
    assert one.pts == 80


@given(
    st.integers(-(10**15), 10**15), st.integers(0, 3000), st.fractions(-(10**9), 10**9)
)  # fmt: skip
def test_the_first_packet_may_say_anything(first: int, step: int, origin: Fraction) -> None:
    continuity = Continuity({0: MS}, origin, may_jump=False)
    one, two = packet(first), packet(first + step)
    for each in (one, two):
        continuity.place(each)
        assert -10 <= each.dts * MS - origin <= HOLD_SECONDS + 2 * PACKET_SECONDS
    assert two.dts - one.dts == step


# What packets can hold.


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(-(10**9), 10**9),
            st.integers(0, 1),
            st.integers(0, 10**12),
            st.integers(1, 5_000),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_no_time_is_reached_that_packets_cannot_hold(
    stamps: list[tuple[int, int, int, int]],
) -> None:
    """Whatever times and lengths they claim, a few kilobytes never give hours."""
    given_ = [packet(dts, i, duration=d, size=size) for dts, i, d, size in stamps]
    found, continuity = placed(given_)
    held = sum(min(PACKET_SECONDS, Fraction(s[3], BYTES_PER_SECOND)) for s in stamps)
    assert continuity.reach == pytest.approx(float(HOLD_SECONDS + held), abs=0.1)
    assert max(found) <= 1000 * (HOLD_SECONDS + held + PACKET_SECONDS)
    last = Fraction(max(found), 1000)
    assert continuity.held_until(last, last + 10**9) <= last + HOLD_SECONDS + PACKET_SECONDS


def test_a_packet_that_lasts_for_days_does_not() -> None:
    found, continuity = placed(packet(10**8 * n, duration=10**8) for n in range(10))
    assert continuity.jumps == 9
    assert found == [40 * n for n in range(10)]
    assert continuity.held_until(Fraction(0), Fraction(10**6)) == HOLD_SECONDS


def test_slow_slides_are_no_jump() -> None:
    """Twenty seconds a slide, for two hours."""
    stamps = range(0, 7_200_000, 20_000)
    found, continuity = placed(packet(t, duration=20_000) for t in stamps)
    assert (found, continuity.jumps) == (list(stamps), 0)
    end = Fraction(7200)
    assert continuity.held_until(end - 20, end) == end


def test_a_still_picture_lasts_as_long_as_the_sound() -> None:
    still = [packet(0, 0, duration=3_600_000)]
    _, continuity = placed(still + [packet(t, 1) for t in range(0, 3_600_000, 1000)])
    assert continuity.held_until(Fraction(0), Fraction(3600)) == pytest.approx(3599.04)
    assert continuity.held_until(Fraction(0), Fraction(5)) == 5


# Files.


def joined(folder: Path, *parts: tuple[range, int], suffix: str = "ts") -> Path:
    """Films of seconds, each from a time of its own, end to end."""
    data = b"".join(
        write_seconds(folder / f"{number}.{suffix}", seconds, shift=shift).read_bytes()
        for number, (seconds, shift) in enumerate(parts)
    )
    path = folder / f"joined.{suffix}"
    path.write_bytes(data)
    return path


def assert_seconds(segments: Segments, count: int, *, seam: float = 0.1) -> None:
    """Cell t shows and sounds second t; each tone where it belongs up to the seam in seconds."""
    assert seconds_seen(segments.frames) == list(range(count))
    heard = seconds_heard(segments.samples)
    assert [h and h[0] for h in heard] == list(range(count))
    assert all(abs(h[1] - 0.3) < seam for h in heard if h)
    assert segments.visual_mask.all()
    assert segments.audio_mask.all()


@pytest.mark.parametrize("second_at", [0, 5000, 100_000, 3])
def test_joined_transport_streams(tmp_path: Path, second_at: int) -> None:
    """Time starts again, or goes on hours later: one second after the other all the same."""
    path = joined(tmp_path, (range(6), 7), (range(6, 10), second_at))
    segments = segment_whole(path, SMALL)
    assert_seconds(segments, 10)
    assert segments.flags == (Reason.DISCONTINUITY,)
    assert segments.duration == pytest.approx(10, abs=0.1)


def test_three_clips_of_which_each_starts_again(tmp_path: Path) -> None:
    path = joined(tmp_path, (range(3), 0), (range(3, 5), 0), (range(5, 8), 0))
    segments = segment_whole(path, SMALL)
    assert_seconds(segments, 8, seam=0.2)


def test_a_clip_that_goes_on_in_time_is_no_jump(tmp_path: Path) -> None:
    path = joined(tmp_path, (range(4), 0), (range(4, 7), 4))
    segments = segment_whole(path, SMALL)
    assert_seconds(segments, 7, seam=0.25)  # only the first begins with what is decoded first
    assert segments.flags == ()


def test_a_pause_of_a_recording_is_a_pause(tmp_path: Path) -> None:
    path = joined(tmp_path, (range(3), 0), (range(3, 5), 8))
    segments = segment_whole(path, SMALL)
    assert seconds_seen(segments.frames) == [0, 1, 2, *[2] * 5, 3, 4]
    assert [h and h[0] for h in seconds_heard(segments.samples)] == [0, 1, 2, *[None] * 5, 3, 4]
    assert not segments.audio_mask[4:7].any()
    assert segments.flags == ()


def test_a_jump_of_days_in_matroska(tmp_path: Path) -> None:
    times = [t + (10**6 if t >= 3 else 0) for t in regular(60, 10)]
    path = write_film(tmp_path / "v.mkv", frame_times=times, **LOSSLESS)
    segments = segment_whole(path, SMALL)
    assert len(segments.frames) == 6
    assert segments.flags == (Reason.DISCONTINUITY, Reason.NO_AUDIO)
    assert segments.duration == pytest.approx(6, abs=0.15)


def test_a_file_that_begins_late_is_whole(tmp_path: Path) -> None:
    """Its header counts from zero, not from where it begins."""
    path = write_seconds(tmp_path / "v.mkv", range(4), shift=86_400)
    segments = segment_whole(path, SMALL)
    assert_seconds(segments, 4)
    assert segments.flags == ()


def test_a_file_of_kilobytes_that_claims_days(tmp_path: Path) -> None:
    times = [Fraction(100_000 * n) for n in range(20)]
    path = write_film(tmp_path / "v.mkv", frame_times=times, **LOSSLESS)
    segments = segment_whole(path, SMALL)
    assert len(segments.frames) < 30
    assert Reason.DISCONTINUITY in segments.flags


# The trials.


@pytest.mark.parametrize(
    ("name", "order"),
    [("joined.ts", range(10)), ("joined_fwd.ts", [*range(6, 10), *range(6)])],
)
def test_trials_of_joined_files(trials: Path, name: str, order: Iterable[int]) -> None:
    segments = segment_whole(trials / name, SMALL)
    assert seconds_seen(segments.frames) == list(order)
    heard = seconds_heard(segments.samples)
    assert [h and h[0] for h in heard] == list(order)
    assert all(h and abs(h[1] - 0.3) < 0.1 for h in heard)
    assert segments.flags == (Reason.DISCONTINUITY,)


def test_trial_of_a_jump_of_days(trials: Path) -> None:
    segments = segment_whole(trials / "jump12d.mkv", SMALL)
    assert seconds_seen(segments.frames) == list(range(6))
    assert Reason.DISCONTINUITY in segments.flags


@pytest.mark.parametrize("name", ["bomb_delta.mp4", "bomb_timescale.mp4"])
def test_trials_of_tables_that_claim_days(trials: Path, name: str) -> None:
    segments = segment_whole(trials / name, SegmentConfig(image_size=16), timeout_seconds=5)
    with av.open(str(trials / name)) as container:
        packets = [p for p in container.demux() if p.size]
    assert len(segments.frames) <= HOLD_SECONDS + PACKET_SECONDS * len(packets)
    assert Reason.DISCONTINUITY in segments.flags


def test_trial_of_a_late_beginning(trials: Path) -> None:
    segments = segment_whole(trials / "start1d.mkv", SMALL)
    assert_seconds(segments, 6)
    assert segments.flags == ()
