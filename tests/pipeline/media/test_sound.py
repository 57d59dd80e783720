"""Sound as people hear it, by file: any layout, rates that change, priming, what is no number."""

import struct
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from av.filter import Graph

from avel.pipeline.media import audio as audio_module
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.reasons import MediaError, Reason
from tests.films import (
    regular,
    seconds_heard,
    seconds_seen,
    tone,
    write_film,
    write_seconds,
)

SMALL = SegmentConfig(image_size=32)
RATE = 44_100


def tones(samples: np.ndarray, rate: int = RATE) -> list[int]:
    """The loudest frequency in Hz of each cell (T, S)."""
    spectra = np.abs(np.fft.rfft(samples.astype(float), axis=1))
    return [round(row.argmax() * rate / samples.shape[1]) for row in spectra]


# Where sound begins.


@pytest.mark.parametrize(
    ("suffix", "codec", "rate"),
    [
        ("mp4", "aac", 44_100),
        ("mkv", "aac", 44_100),
        ("mkv", "libopus", 48_000),
        ("mp4", "libopus", 48_000),
        ("mkv", "libmp3lame", 44_100),
        ("mp4", "libmp3lame", 44_100),
        ("mkv", "pcm_s16le", 44_100),
        ("mp4", "ac3", 48_000),
    ],
)
def test_what_encoders_put_before_the_sound_is_not_heard(
    tmp_path: Path, suffix: str, codec: str, rate: int
) -> None:
    """Edit lists and delays of codecs: every tone at its moment, to a few milliseconds."""
    path = write_seconds(tmp_path / f"v.{suffix}", range(4), audio_codec=codec, sample_rate=rate)
    segments = segment_whole(path, SMALL)
    heard = seconds_heard(segments.samples)
    assert [h and h[0] for h in heard] == [0, 1, 2, 3]
    assert [h[1] for h in heard if h] == pytest.approx([0.3] * 4, abs=0.005)
    assert seconds_seen(segments.frames) == [0, 1, 2, 3]
    assert segments.flags == ()
    assert segments.duration == pytest.approx(4, abs=0.03)


@pytest.mark.parametrize(("suffix", "codec"), [("mp3", "libmp3lame"), ("m4a", "aac")])
def test_sound_alone_begins_where_it_begins(tmp_path: Path, suffix: str, codec: str) -> None:
    path = write_seconds(tmp_path / f"v.{suffix}", range(3), audio_codec=codec, frame_times=())
    segments = segment_whole(path, SMALL)
    heard = seconds_heard(segments.samples)
    assert [h[1] for h in heard if h] == pytest.approx([0.3] * 3, abs=0.005)
    assert segments.duration == pytest.approx(3, abs=0.02)


# Layouts.


def write_channels(path: Path, layout: str, codec: str, channels: int, rate: int = 48_000) -> Path:
    """Two seconds of picture, and a tone of 1200 Hz in every channel."""
    wave = np.repeat(tone(1200, 2, rate, 6000)[None], channels, 0)
    return write_film(
        path,
        frame_times=regular(20, 10),
        codec="libx264",
        pixel_format="yuv420p",
        options={"qp": "20"},
        time_base=Fraction(1, 10),
        samples=wave,
        sample_rate=rate,
        layout=layout,
        audio_codec=codec,
    )


@pytest.mark.parametrize(
    ("layout", "channels", "codec"),
    [("7.1", 8, "aac"), ("5.1", 6, "aac"), ("stereo", 2, "aac"), ("7.1", 8, "pcm_s16le")],
)
def test_many_channels_are_one_sound(
    tmp_path: Path, layout: str, channels: int, codec: str
) -> None:
    """Eight planes of AAC once ended the process."""
    segments = segment_whole(write_channels(tmp_path / "v.mkv", layout, codec, channels), SMALL)
    assert tones(segments.samples) == [1200, 1200]
    assert segments.audio_mask.tolist() == [True, True]
    assert np.abs(segments.samples).max() > 4000
    assert segments.flags == ()


def test_ambisonic_sound_is_heard_with_its_picture(tmp_path: Path) -> None:
    """Opus of four channels, of which the first is the sound from everywhere."""
    path = tmp_path / "v.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libopus", rate=48_000, options={"mapping_family": "2"})
        stream.codec_context.layout = "ambisonic 1"
        graph = Graph()
        exprs = "0.3*sin(2*PI*700*t)|0.3*sin(2*PI*2000*t)|0|0"
        graph.link_nodes(
            graph.add("aevalsrc", f"exprs={exprs}:s=48000:d=2:nb_samples=960:c=ambisonic 1"),
            graph.add("aformat", "sample_fmts=flt"),
            graph.add("abuffersink"),
        ).configure()
        for _ in range(100):
            container.mux(stream.encode(graph.pull()))
        container.mux(stream.encode(None))
    segments = segment_whole(path, SMALL)
    assert tones(segments.samples) == [700, 700]
    assert segments.flags == (Reason.NO_VIDEO,)


# Rates.


def test_a_rate_that_changes(tmp_path: Path) -> None:
    """ADTS at 44.1 kHz, then at 22.05 kHz: its times are counted, and counted wrong."""
    data = b""
    for number, (hz, rate) in enumerate(((440, 44_100), (880, 22_050), (660, 44_100))):
        part = tmp_path / f"{number}.aac"
        write_film(part, samples=tone(hz, 3, rate)[None], sample_rate=rate, audio_codec="aac")
        data += part.read_bytes()
    path = tmp_path / "all.aac"
    path.write_bytes(data)
    segments = segment_whole(path, SMALL)
    assert segments.duration == pytest.approx(9.1, abs=0.15)
    found = tones(segments.samples)
    assert [found[n] for n in (0, 1, 2, 4, 5, 7, 8)] == [440, 440, 440, 880, 880, 660, 660]
    assert segments.flags == (Reason.NO_VIDEO,)


@pytest.mark.parametrize("rate", [1, 100, 2_000_000_000])
def test_a_rate_that_is_none_costs_the_sound(tmp_path: Path, rate: int) -> None:
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=regular(20, 10),
        samples=tone(440, 2, RATE)[None],
        audio_codec="pcm_s16le",
    )
    with pytest.MonkeyPatch.context() as patch:
        real = audio_module.AudioTrack.decode

        def decode(track: Any, packet: Any) -> list[Any]:
            frames = real(track, packet)
            for frame in frames:
                if isinstance(frame, av.AudioFrame):
                    frame.sample_rate = rate
            return frames

        patch.setattr(audio_module.AudioTrack, "decode", decode)
        segments = segment_whole(path, SMALL)
    assert segments.flags == (Reason.DECODE_ERROR, Reason.NO_AUDIO)
    assert segments.visual_mask.tolist() == [True, True]
    assert not segments.samples.any()


# Samples that are no number.


def write_floats(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """A WAV of float32 samples (S,)."""
    data = samples.astype("<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, 1, rate, 4 * rate, 4, 32)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_second_of_no_numbers_is_silence(tmp_path: Path, bad: float, rate: int) -> None:
    wave = tone(440, 4, rate).astype(np.float32) / 32_768
    wave[rate : 2 * rate] = bad
    segments = segment_whole(write_floats(tmp_path / "a.wav", wave, rate), SMALL)
    assert segments.flags == (Reason.NAN_AUDIO, Reason.NO_VIDEO)
    loud = np.abs(segments.samples).max(1)
    assert loud[0] > 9000
    assert min(loud[2:]) > 9000
    assert np.abs(segments.samples[1, 100:-100]).max() == 0
    assert tones(segments.samples)[2:] == [440, 440]


def test_floats_that_are_loud_are_no_fault(tmp_path: Path) -> None:
    wave = tone(440, 2, RATE).astype(np.float32)  # full scale is 1, not 32768
    segments = segment_whole(write_floats(tmp_path / "a.wav", wave), SMALL)
    assert segments.flags == (Reason.NO_VIDEO,)
    assert tones(segments.samples) == [440, 440]


# One stream's fault.


def broken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """libav gives up in the middle of a stream."""
    real = getattr(audio_module, name)

    def fail(*args: Any) -> Any:
        fail.calls += 1  # type: ignore[attr-defined]
        if fail.calls > 1:  # type: ignore[attr-defined]
            raise av.error.ArgumentError(22, "Invalid argument")
        return real(*args)

    fail.calls = 0  # type: ignore[attr-defined]
    monkeypatch.setattr(audio_module, name, fail)


def test_sound_that_cannot_be_made_costs_the_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_seconds(tmp_path / "v.mkv", range(4))
    broken("joined", monkeypatch)
    segments = segment_whole(path, SMALL)
    assert seconds_seen(segments.frames) == [0, 1, 2, 3]
    assert segments.audio_mask.tolist()[::3] == [True, False]
    assert segments.flags == (Reason.DECODE_ERROR,)
    assert segments.notes == (
        "its sound could not be decoded (ArgumentError: Invalid argument returned 22)",
    )


def test_a_picture_that_cannot_be_made_costs_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from avel.pipeline.media import video as video_module

    def fail(*_: object) -> None:
        raise ValueError("no such format")

    path = write_seconds(tmp_path / "v.mkv", range(4))
    monkeypatch.setattr(video_module.Scaler, "__call__", fail)
    segments = segment_whole(path, SMALL)
    assert [h and h[0] for h in seconds_heard(segments.samples)] == [0, 1, 2, 3]
    assert "its picture could not be decoded (ValueError: no such format)" in segments.notes
    assert Reason.DECODE_ERROR in segments.flags


# Locked.


def encrypted(path: Path, **options: Any) -> Path:
    """A film under common encryption, as DASH has it."""
    made = write_seconds(path.with_name("clear.mp4"), range(3), audio_codec="aac")
    scheme = {
        "encryption_scheme": "cenc-aes-ctr",
        "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
        "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
    }
    with av.open(str(made)) as source, av.open(str(path), "w", options=scheme) as target:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                target.mux(packet)
    return path


def test_what_is_locked_is_named_and_gives_nothing(tmp_path: Path) -> None:
    path = encrypted(tmp_path / "v.mp4")
    with pytest.raises(
        MediaError, match=r"v\.mp4: what it holds is encrypted, .* no key"
    ) as caught:
        segment_whole(path, SMALL)
    assert caught.value.reason == Reason.ENCRYPTED


class Locked:
    """A packet of which the container says that it is encrypted."""

    def __init__(self, packet: Any) -> None:
        self._packet = packet

    def __getattr__(self, name: str) -> Any:
        return getattr(self._packet, name)

    def iter_sidedata(self) -> Any:
        yield SimpleNamespace(data_type="new_extradata")
        yield SimpleNamespace(data_type="encryption_info")


@pytest.mark.parametrize(("kind", "begin"), [("audio", 0), ("video", 0), ("audio", 2)])
def test_one_stream_that_is_locked_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, begin: int
) -> None:
    """From where it is locked: what was clear before is used."""
    from avel.pipeline.media import decode as decode_module

    real = decode_module._packets

    def packets(*args: Any) -> Any:
        for packet in real(*args):
            late = packet.pts * packet.time_base >= begin - 0.05
            yield Locked(packet) if late and packet.stream.type == kind else packet

    monkeypatch.setattr(decode_module, "_packets", packets)
    segments = segment_whole(write_seconds(tmp_path / "v.mkv", range(4)), SMALL)
    masks = {"video": segments.visual_mask.tolist(), "audio": segments.audio_mask.tolist()}
    assert masks[kind] == [True] * begin + [False] * (4 - begin)
    assert masks["audio" if kind == "video" else "video"] == [True] * 4
    assert Reason.ENCRYPTED in segments.flags
    missing = Reason.NO_AUDIO if kind == "audio" else Reason.NO_VIDEO
    assert (missing in segments.flags) == (begin == 0)


def test_what_webm_locks_is_named(tmp_path: Path) -> None:
    path = write_seconds(tmp_path / "v.mkv", range(2))
    with av.open(str(path)) as source, av.open(str(tmp_path / "w.mkv"), "w") as target:
        streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
        for stream in streams.values():
            stream.metadata["ENC_KEY_ID"] = "abcd"
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                target.mux(packet)
    locked = tmp_path / "locked.mkv"
    locked.write_bytes((tmp_path / "w.mkv").read_bytes().replace(b"ENC_KEY_ID", b"enc_key_id"))
    with pytest.raises(MediaError, match="ENCRYPTED"):
        segment_whole(locked, SMALL)


# The trials.


def test_trial_of_eight_planes(trials: Path) -> None:
    segments = segment_whole(trials / "aac_7.1.mp4", SMALL)
    assert tones(segments.samples) == [1200] * 3
    assert segments.flags == ()


def test_trial_of_ambisonics(trials: Path) -> None:
    segments = segment_whole(trials / "ambi.mkv", SMALL)
    assert_base(segments, 6)
    assert segments.flags == ()


def test_trial_of_a_rate_that_changes(trials: Path) -> None:
    segments = segment_whole(trials / "ratechange.aac", SMALL)
    assert segments.duration == pytest.approx(6.1, abs=0.05)
    assert tones(segments.samples)[:6] == [440] * 3 + [880] * 3


def test_trial_of_a_lock(trials: Path) -> None:
    with pytest.raises(MediaError, match="ENCRYPTED"):
        segment_whole(trials / "cenc.mp4", SMALL)


def test_trial_of_an_absurd_rate(trials: Path) -> None:
    segments = segment_whole(trials / "bomb_sample_rate.mov", SMALL, timeout_seconds=10)
    assert len(segments.frames) == 2
    assert segments.flags == (Reason.DECODE_ERROR, Reason.NO_AUDIO)
    assert "samples a second and could not be decoded" in segments.notes[0]


def assert_base(segments: Segments, count: int) -> None:
    """Cell t shows second t and sounds it 0.3 s later."""
    assert seconds_seen(segments.frames) == list(range(count))
    heard = seconds_heard(segments.samples)
    assert [h and h[0] for h in heard] == list(range(count))
    assert [h[1] for h in heard if h] == pytest.approx([0.3] * count, abs=0.01)
