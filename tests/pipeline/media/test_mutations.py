"""Damaged files: each gives a result that holds together, or a reason, and costs only itself."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avel.pipeline.media.cells import SegmentConfig, Segments, join
from avel.pipeline.media.decoder import Decoders
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.media.messages import Window
from avel.pipeline.media.timeline import num_cells
from avel.pipeline.reasons import MediaError, Reason
from tests.films import number_frame, regular, tone, write_film
from tests.mutations import KINDS, mutation, units

IN_THE_SUITE, ALL = 500, 2000
MOST_SECONDS = 10.0
CONFIG = SegmentConfig(frames_per_cell=2, image_size=32, sample_rate=8_000)
FILMS: dict[str, tuple[str, str, int]] = {  # codecs, and the rate of the sound
    "avc.mp4": ("libx264", "aac", 48_000),
    "avc.mkv": ("libx264", "libopus", 48_000),
    "avc.ts": ("libx264", "aac", 48_000),
    "part4.avi": ("mpeg4", "mp3", 48_000),
    "part2.mpg": ("mpeg2video", "mp2", 48_000),
    "vp8.webm": ("libvpx", "libopus", 48_000),
    "lossless.mkv": ("ffv1", "pcm_s16le", 8_000),
    "a.wav": ("", "pcm_s16le", 8_000),
    "a.flac": ("", "flac", 8_000),
    "a.ogg": ("", "libopus", 48_000),
    "a.mp3": ("", "mp3", 48_000),
    "a.aac": ("", "aac", 48_000),
}
REAL = ("av1_video.mkv", "h265_video.mp4", "h264_10bits.mp4")
LONG = ("boat.mp4", "nasa_13013.mp4")
"""Of which two seconds are taken."""
Answer = Segments | MediaError


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory, media: Path) -> list[bytes]:
    folder = tmp_path_factory.mktemp("sources")
    made = [_film(folder / name, *shape) for name, shape in FILMS.items()]
    made += [_remuxed(made[0], folder / "fragments.mp4", movflags="frag_keyframe+empty_moov")]
    made += [_remuxed(media / name, folder / name) for name in LONG]
    return [path.read_bytes() for path in (*made, *(media / name for name in REAL))]


def _film(path: Path, codec: str, sound: str, rate: int) -> Path:
    """Two seconds of numbered pictures, where there is a codec for them, and of a tone."""
    pictures: dict[str, Any] = {}
    if codec:
        speed = 25 if codec in ("mpeg2video", "libvpx") else 8
        numbers = [number_frame(2 * n, 64, 48) for n in range(2 * speed)]
        pictures = {"frame_times": regular(2 * speed, speed), "frames": numbers, "codec": codec}
        pictures |= {"time_base": Fraction(1, speed), "options": {"g": "4"}}
        pictures["pixel_format"] = "bgr0" if codec == "ffv1" else "yuv420p"
    samples = tone(440, 2, rate)[None]
    return write_film(path, samples=samples, sample_rate=rate, audio_codec=sound, **pictures)


def _remuxed(source: Path, path: Path, **options: str) -> Path:
    """The first two seconds' packets, written anew."""
    with av.open(str(source)) as given, av.open(str(path), "w", options=options) as container:
        streams = {s.index: container.add_stream_from_template(s) for s in given.streams}
        for packet in given.demux():
            if packet.dts is not None and packet.dts * packet.time_base < 2:
                packet.stream = streams[packet.stream.index]
                container.mux(packet)
    return path


def answers(
    sources: Sequence[bytes], numbers: range, folder: Path
) -> Iterator[tuple[str, int, float, Answer]]:
    """Kind and bytes of each mutation, seconds that it took, and what came of it."""
    limits = DecodeLimits(timeout_seconds=MOST_SECONDS)
    with Decoders(CONFIG, limits) as decoders:
        for number in numbers:
            kind, data = mutation(number, sources)
            path = folder / f"{number}.mp4"
            path.write_bytes(data)
            began = time.monotonic()
            answer = _decoded(decoders, number, path)
            yield f"{number} ({kind})", len(data), time.monotonic() - began, answer
            path.unlink()


def _decoded(decoders: Decoders, number: int, path: Path) -> Answer:
    parts: list[Segments] = []
    decoders.start(number, path)
    while decoders.busy:
        for event in decoders.events():
            if isinstance(event, Window):
                parts.append(event.segments)
            else:
                return event.error or join(parts)
    raise AssertionError(f"{number}: no answer")


def faults(answer: Answer, size: int) -> Iterator[str]:
    """What is wrong with an answer for a file of so many bytes."""
    if isinstance(answer, MediaError):
        if answer.reason in (Reason.TIMEOUT, Reason.OOM, Reason.WORKER_CRASH):
            yield str(answer)
        return
    cells, flags = len(answer.frames), answer.flags
    if answer.frames.shape != (cells, 2, 3, 32, 32) or answer.frames.dtype != np.uint8:
        yield f"frames {answer.frames.shape} {answer.frames.dtype}"
    if answer.samples.shape != (cells, 8_000) or answer.samples.dtype != np.int16:
        yield f"samples {answer.samples.shape} {answer.samples.dtype}"
    if answer.visual_mask.shape != (cells,) or answer.audio_mask.shape != (cells,):
        yield f"masks {answer.visual_mask.shape} {answer.audio_mask.shape}"
    if not 0 < answer.duration < np.inf or num_cells(Fraction(answer.duration)) != cells:
        yield f"{cells} cells of {answer.duration} s"
    if cells > 60 + size // 100:  # slow slides are honest, hours of them are not
        yield f"{cells} cells of {size} bytes"
    if list(flags) != sorted(set(flags)) or not set(flags) <= set(Reason):
        yield f"flags {flags}"
    if answer.samples[~answer.audio_mask].any():
        yield "sound where there is none"
    if Reason.NO_VIDEO in flags and (answer.visual_mask.any() or answer.frames.any()):
        yield "pictures and NO_VIDEO"
    if Reason.NO_AUDIO in flags and answer.audio_mask.any():
        yield "sound and NO_AUDIO"


def check(sources: Sequence[bytes], numbers: range, folder: Path) -> Counter[str]:
    """Decode mutations, none of which may be wrong; how many ended how."""
    wrong, ended = [], Counter[str]()
    for name, size, seconds, answer in answers(sources, numbers, folder):
        ended[answer.reason if isinstance(answer, MediaError) else "result"] += 1
        wrong += [f"{name}: {fault}" for fault in faults(answer, size)]
        if seconds > MOST_SECONDS:
            wrong.append(f"{name}: {seconds:.1f} s")
    assert not wrong, "\n".join(wrong)
    return ended


def test_mutations(sources: list[bytes], tmp_path: Path) -> None:
    ended = check(sources, range(IN_THE_SUITE), tmp_path)
    assert ended["result"] > IN_THE_SUITE / 4, ended
    assert ended["DECODE_ERROR"] > IN_THE_SUITE / 50, ended


@pytest.mark.slow
def test_many_mutations(sources: list[bytes], tmp_path: Path) -> None:
    check(sources, range(IN_THE_SUITE, ALL), tmp_path)


# That the mutations are what they are called.


def test_a_mutation_is_known_by_its_number(sources: list[bytes]) -> None:
    made = [mutation(number, sources) for number in range(40)]
    assert [mutation(number, sources) for number in range(40)] == made
    assert {kind for kind, _ in made} == set(KINDS)
    assert len({data for _, data in made}) == len(made)
    assert not {data for _, data in made} & set(sources)


def test_units_of_each_container(sources: list[bytes]) -> None:
    """They begin where a name or a mark of their container stands."""
    by_name = dict(zip(FILMS, sources, strict=False))
    mp4 = by_name["avc.mp4"]
    boxes = {mp4[at + 4 : at + 8]: (at, end) for at, end in units(mp4)}
    assert {b"ftyp", b"moov", b"trak", b"stbl", b"stsz", b"mdat"} <= boxes.keys()
    assert boxes[b"moov"][0] < boxes[b"stsz"][0] < boxes[b"stsz"][1] <= boxes[b"moov"][1]
    assert len(list(units(by_name["avc.ts"]))) == -(-len(by_name["avc.ts"]) // 188)
    assert all(by_name["avc.ts"][at] == 0x47 for at, _ in units(by_name["avc.ts"]))
    assert all(by_name["a.ogg"][at:].startswith(b"OggS") for at, _ in units(by_name["a.ogg"]))
    assert {by_name["a.wav"][at : at + 4] for at, _ in units(by_name["a.wav"])} >= {
        b"fmt ",
        b"data",
    }
    assert b"idx1" in {by_name["part4.avi"][at : at + 4] for at, _ in units(by_name["part4.avi"])}
    mkv = by_name["avc.mkv"]
    marks = {mkv[at : at + 4] for at, _ in units(mkv)}
    assert {
        bytes.fromhex("18538067"),
        bytes.fromhex("1654ae6b"),
        bytes.fromhex("1f43b675"),
    } <= marks
    assert all(at < end <= len(mkv) for at, end in units(mkv))
