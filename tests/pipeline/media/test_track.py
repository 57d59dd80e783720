"""The stream that is chosen, its clock, and packets that cannot be decoded."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import av.error
import numpy as np
import pytest
from av.stream import Disposition

from avel.pipeline.media.codecs import decoding_options
from avel.pipeline.media.container import open_container
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.timeline import StreamClock
from avel.pipeline.media.track import Track, best_stream
from avel.pipeline.reasons import MediaError, Reason
from tests.films import clicks, regular, write_film


@pytest.fixture
def film(tmp_path: Path) -> Iterator[Any]:
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=[Fraction(1, 2) + t for t in regular(50)],
        samples=clicks(44_100, [5]),
        audio_start=1,
    )
    with open_container(path) as container:
        yield container


def stream(
    kind: str, index: int, *, decoder: str | None = "h264", disposition: int = 0
) -> SimpleNamespace:
    return SimpleNamespace(
        type=kind,
        index=index,
        disposition=Disposition(disposition),
        codec_context=SimpleNamespace(name=decoder) if decoder else None,
    )


class Streams(list):  # type: ignore[type-arg]
    """A container's streams, of which libav would take the first of a kind."""

    def best(self, kind: str) -> Any:
        return next((s for s in self if s.type == kind), None)


def choose(*streams: SimpleNamespace, kind: str = "video") -> tuple[int | None, set[Reason]]:
    reading = Reading(Path("v.mp4"))
    best = best_stream(SimpleNamespace(streams=Streams(streams)), kind, reading)  # type: ignore[arg-type]
    return best and best.index, reading.flags


COVER = int(Disposition.attached_pic)


def test_the_best_stream_of_the_kind() -> None:
    assert choose(stream("audio", 0), stream("video", 1)) == (1, set())
    assert choose(stream("audio", 3), stream("video", 1), kind="audio") == (3, set())
    assert choose(stream("audio", 0)) == (None, set())


def test_a_cover_picture_is_no_video() -> None:
    assert choose(stream("video", 0, disposition=COVER)) == (None, set())
    assert choose(stream("video", 0, disposition=COVER), stream("video", 4)) == (4, set())


def test_a_stream_without_decoder_is_passed_over_and_flagged() -> None:
    broken, good = stream("video", 1, decoder=None), stream("video", 2)
    assert choose(broken, good) == (2, {Reason.UNSUPPORTED_CODEC})
    assert choose(broken) == (None, {Reason.UNSUPPORTED_CODEC})


def test_a_decoder_that_nobody_needs_must_be_allowed() -> None:
    """What people do not have is not offered to a file, unless the user says so."""
    odd, good = stream("video", 1, decoder="hap"), stream("video", 2)
    assert choose(odd, good) == (2, {Reason.UNSUPPORTED_CODEC})
    reading = Reading(Path("v.mov"), codecs=("hap",))
    container = SimpleNamespace(streams=Streams([odd, good]))
    assert best_stream(container, "video", reading) is odd  # type: ignore[arg-type]
    assert not reading.flags


def test_a_decoder_is_told_what_it_may(film: Any) -> None:
    """Where one decodes by way of another, that one's name counts too, and pictures are bounded."""
    track = Track(film.streams.video[0], Reading(Path("v.mkv"), codecs=("hap",)))
    assert track.stream.codec_context.options == decoding_options(("hap",))


def test_real_files_with_several_streams(media: Path) -> None:
    reading = Reading(media / "nasa_13013.mp4")
    with open_container(reading.path) as container:
        assert len(container.streams) == 6
        chosen = [best_stream(container, kind, reading).index for kind in ("video", "audio")]
    assert chosen == [3, 4]  # 480x270 and 16 kHz


def test_start_and_promised_end_in_seconds(tmp_path: Path) -> None:
    path = write_film(
        tmp_path / "v.mp4", frame_times=[Fraction(1, 2) + t for t in regular(50)], samples=clicks(44_100, [5]), audio_codec="aac"
    )  # fmt: skip
    with open_container(path) as container:
        video = Track(container.streams.video[0], Reading(path))
        assert video.start() == Fraction(1, 2)
        assert float(video.promised()) == pytest.approx(2.5, abs=0.001)
        video.clock = StreamClock(video.time_base, Fraction(1, 2))
        assert float(video.promised()) == pytest.approx(2.0, abs=0.001)


def test_a_header_without_length_promises_nothing(film: Any) -> None:
    """Matroska says how long the file is, not how long its streams are."""
    tracks = [Track(stream, Reading(Path("v.mkv"))) for stream in film.streams]
    assert [track.promised() for track in tracks] == [0, 0]
    assert [track.start() for track in tracks] == [Fraction(1, 2), 1]


def test_one_thread_decodes(film: Any) -> None:
    track = Track(film.streams.video[0], Reading(Path("v.mkv")))
    assert track.stream.codec_context.thread_count == 1


def test_a_damaged_packet_is_counted_and_gives_nothing(film: Any) -> None:
    reading = Reading(Path("v.mkv"))
    track = Track(film.streams.video[0], reading)
    bad = av.Packet(np.random.default_rng(0).bytes(400))
    assert track.decode(bad) == []
    assert reading.damaged_packets == 1
    good = [frame for packet in film.demux(video=0) for frame in track.decode(packet)]
    assert len(good) == 50
    assert reading.damaged_packets == 1


def test_memory_that_runs_out_is_this_files_reason(film: Any) -> None:
    def full(_: object) -> list[Any]:
        raise MemoryError

    track = Track(film.streams.video[0], Reading(Path("v.mkv")))
    track.context = SimpleNamespace(decode=full)
    with pytest.raises(MediaError, match=r"v\.mkv: out of memory while decoding") as caught:
        track.decode(None)
    assert caught.value.reason == Reason.OOM
    assert isinstance(caught.value.__cause__, MemoryError)
