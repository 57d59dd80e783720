"""One pass over a file: both streams on one clock, what is skipped, what is flagged, what is refused."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from avel.pipeline.media import decode as decode_module
from avel.pipeline.media.decode import decode
from avel.pipeline.media.reading import Picture, Reading, Sound
from avel.pipeline.media.scaler import Square
from avel.pipeline.reasons import MediaError, Reason
from tests.films import LOSSLESS, clicks, loud_samples, numbers_of, regular, write_film

SQUARE = Square(32, 32, "crop", "bicubic")
RATE = 44_100


def start(path: Path, **options: Any) -> tuple[Reading, Iterator[Picture | Sound]]:
    defaults = {
        "frames_per_cell": 1,
        "square": SQUARE,
        "sample_rate": RATE,
        "timeout_seconds": 60.0,
    }
    reading = Reading(path)
    return reading, decode(reading, **(defaults | options))


def read(path: Path, **options: Any) -> tuple[Reading, list[Picture], list[Sound]]:
    reading, items = start(path, **options)
    found = list(items)
    pictures = [item for item in found if isinstance(item, Picture)]
    return reading, pictures, [item for item in found if isinstance(item, Sound)]


def refused(path: Path, **options: Any) -> MediaError:
    with pytest.raises(MediaError) as caught:
        read(path, **options)
    assert str(path) in caught.value.message
    return caught.value


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of 25 pictures, and as much sound with a click in each second."""
    path = tmp_path_factory.mktemp("film") / "v.mkv"
    samples = clicks(6 * RATE, [second * RATE + 100 for second in range(6)])
    return write_film(path, frame_times=regular(150), samples=samples, **LOSSLESS)


# The clock.


def test_pictures_and_sound_of_a_file(film: Path) -> None:
    reading, pictures, sounds = read(film)
    assert numbers_of(np.stack([p.rgb for p in pictures])) == [12, 37, 62, 87, 112, 137, 149]
    assert [p.first_shot for p in pictures] == [0, 1, 2, 3, 4, 5, 6]
    whole = np.concatenate([s.samples for s in sounds])
    assert loud_samples(whole) == [second * RATE + 100 for second in range(6)]
    assert reading.video_span == reading.audio_span == (0, 6)
    assert (reading.duration, reading.flags, reading.damaged_packets) == (6, set(), 0)
    assert (reading.video_stream, reading.audio_stream) == (0, 1)
    assert reading.position == 5


@pytest.mark.parametrize(
    ("video_start", "audio_start"), [(Fraction(8, 5), 1), (1, Fraction(8, 5)), (0, 0), (3, 3)]
)
def test_time_begins_with_the_earlier_stream(
    tmp_path: Path, video_start: Fraction | int, audio_start: Fraction | int
) -> None:
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=[video_start + t for t in regular(60)],
        samples=clicks(2 * RATE, [0]),
        audio_start=audio_start,
        **LOSSLESS,
    )
    reading, _, sounds = read(path)
    origin = min(video_start, audio_start)
    assert reading.video_span is not None
    assert reading.audio_span is not None
    assert reading.video_span[0] == video_start - origin
    assert reading.audio_span[0] == audio_start - origin
    assert sounds[0].first_sample == (audio_start - origin) * RATE


def test_several_streams_pick_the_best_and_say_which(media: Path) -> None:
    reading, _ = start(media / "nasa_13013.mp4", sample_rate=8000)
    items = decode(reading, frames_per_cell=1, square=SQUARE, sample_rate=8000, timeout_seconds=60)
    next(items)
    assert (reading.video_stream, reading.audio_stream) == (3, 4)  # 480x270 and 16 kHz


# Skipping.


@pytest.mark.parametrize("per_cell", [1, 4])
@pytest.mark.parametrize(
    "name", ["dog_barking.mp4", "nasa_13013.mp4", "h265_video.mp4", "h265_10bits.mp4", "av1_video.mkv"]
)  # fmt: skip
def test_skipping_gives_the_same_bits(media: Path, name: str, per_cell: int) -> None:
    """Real encoders' references, H.264, H.265 and AV1, over their first three seconds."""
    found = []
    for skip in (True, False):
        _, items = start(media / name, frames_per_cell=per_cell, skip_frames=skip)
        pictures = (item for item in items if isinstance(item, Picture))
        found.append([p for p, _ in zip(pictures, range(3 * per_cell), strict=False)])
    assert [p.first_shot for p in found[0]] == [p.first_shot for p in found[1]]
    assert len(found[0]) >= 2
    for skipping, everything in zip(*found, strict=True):
        np.testing.assert_array_equal(skipping.rgb, everything.rgb)


# What only the end can tell.


def test_missing_streams_are_flagged(tmp_path: Path) -> None:
    silent = write_film(tmp_path / "v.mkv", frame_times=regular(10), **LOSSLESS)
    blind = write_film(tmp_path / "a.wav", samples=clicks(RATE, [7]))
    assert read(silent)[0].flags == {Reason.NO_AUDIO}
    assert read(blind)[0].flags == {Reason.NO_VIDEO}


def test_a_file_that_breaks_off_is_flagged(film: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mkv"
    data = film.read_bytes()
    cut.write_bytes(data[: len(data) // 2])
    reading, pictures, _ = read(cut)
    assert numbers_of(np.stack([p.rgb for p in pictures]))[:2] == [12, 37]
    assert 2 < reading.duration < 4
    assert Reason.TRUNCATED in reading.flags


@pytest.mark.parametrize(("lost", "flagged"), [(8, False), (30, True)])
def test_less_than_the_header_promises(tmp_path: Path, lost: int, flagged: bool) -> None:
    """MP4 says how long its streams are; up to half a second is rounding, more is a cut."""
    whole = write_film(tmp_path / "v.mp4", frame_times=regular(100), options={"qp": "0", "bf": "0"})
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole.read_bytes())
    reading, items = start(path, skip_frames=False)
    packets = decode_module._packets

    def fewer(*args: Any) -> Iterator[Any]:
        yield from list(packets(*args))[:-lost]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode_module, "_packets", fewer)
        list(items)
    assert (Reason.TRUNCATED in reading.flags) == flagged


def test_damaged_packets_are_counted_and_flagged(tmp_path: Path) -> None:
    path = write_film(tmp_path / "v.mkv", frame_times=regular(75), size=(64, 48), **LOSSLESS)
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 3, len(data) // 2, 97):
        data[at] ^= 0x55
    path.write_bytes(bytes(data))
    reading, pictures, _ = read(path)
    assert reading.damaged_packets > 0
    assert Reason.DECODE_ERROR in reading.flags
    assert pictures


# What is refused.


def test_no_stream_that_is_seen_or_heard(tmp_path: Path) -> None:
    path = tmp_path / "subtitles.mkv"
    write_subtitles(path)
    error = refused(path)
    assert error.reason == Reason.EMPTY
    assert "no video or audio stream (streams: ['#0 subtitle'])" in error.message


def write_subtitles(path: Path) -> None:
    with av.open(str(path), "w") as container:
        template = path.with_suffix(".srt")
        template.write_text("1\n00:00:00,000 --> 00:00:01,000\nwords\n\n")
        with av.open(str(template)) as source:
            stream = container.add_stream_from_template(source.streams.subtitles[0])
            for packet in source.demux(source.streams.subtitles[0]):
                if packet.size:
                    packet.stream = stream
                    container.mux(packet)


def test_an_unknown_codec(tmp_path: Path) -> None:
    path = write_film(tmp_path / "v.mp4", frame_times=regular(25))
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    error = refused(path)
    assert error.reason == Reason.UNSUPPORTED_CODEC
    assert "no decoder for its streams (#0 video); convert it to H.264" in error.message


def test_nothing_that_can_be_decoded(tmp_path: Path) -> None:
    path = write_film(tmp_path / "v.mkv", frame_times=regular(25), **LOSSLESS)
    reading, items = start(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode_module.VideoTrack, "decode", _damaged)
        with pytest.raises(
            MediaError,
            match=r"no frame and no sample could be decoded \(2[56] damaged packets\)",
        ) as caught:
            list(items)
    assert caught.value.reason == Reason.DECODE_ERROR
    assert reading.duration == 0


def _damaged(track: Any, _: object) -> list[Any]:
    track.reading.damaged_packets += 1
    return []


# The watchdog, with a clock that the test turns.


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """`now` seconds; nothing takes any time but what the test adds."""
    state = SimpleNamespace(now=0.0)
    monkeypatch.setattr(decode_module, "time", SimpleNamespace(monotonic=lambda: state.now))
    return state


def test_the_watchdog_counts_what_reading_takes(
    film: Path, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    packets = decode_module._packets

    def slow(*args: Any) -> Iterator[Any]:
        for packet in packets(*args):
            clock.now += 0.1
            yield packet

    monkeypatch.setattr(decode_module, "_packets", slow)
    read(film, timeout_seconds=100.0)
    rule = r"took 5 s for 0 s of media, more than 5 s for each 600 s; raise --timeout"
    with pytest.raises(MediaError, match=rule) as caught:
        read(film, timeout_seconds=5.0)
    assert caught.value.reason == Reason.TIMEOUT
    with pytest.raises(MediaError):
        read(film, timeout_seconds=12.0)
    # the same pace through a long film is no fault of the film
    monkeypatch.setattr(decode_module, "MEDIA_SECONDS", 0.5)
    read(film, timeout_seconds=12.0)


def test_the_watchdog_does_not_count_the_callers_time(film: Path, clock: SimpleNamespace) -> None:
    """Whoever works on a picture between two others does not use up the file's own time."""
    _, items = start(film, timeout_seconds=2.0)
    count = 0
    for _ in items:
        clock.now += 60.0
        count += 1
    assert count > 10


def test_no_time_at_all(film: Path) -> None:
    with pytest.raises(MediaError, match=r"more than 0 s for each 600 s; raise --timeout"):
        read(film, timeout_seconds=0.0)
