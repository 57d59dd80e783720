"""A script as a video: what is seen in each second, what is heard in each, the same bytes again."""

from pathlib import Path

import av
import numpy as np
import pytest

from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.synth.film import (
    FRAME_RATE,
    HEIGHT,
    SAMPLE_RATE,
    WIDTH,
    _Pictures,
    _samples,
    film,
)
from avel.pipeline.synth.looks import NUM_LOOKS, Style
from avel.pipeline.synth.script import CELLS, NOTHING, Script, timbre_of
from avel.pipeline.synth.timbres import Timbre

DISC, STAR = 0, 12
HUMMING = next(c for c in range(NUM_LOOKS) if timbre_of(c) == 8)
QUIET = Timbre(pitch_jitter=0.0, noise_db=(-80.0, -79.0))
PLAIN = Style(noise=0.0)


def script(seen: str, heard: str, *, has_audio: bool = True, seed: int = 1) -> Script:
    """One letter a cell: a disc or its sound, a star or its sound, what hums, or - nothing."""
    labels = {"d": DISC, "s": STAR, "h": HUMMING, "-": NOTHING}
    return Script(
        "film",
        (0, seed),
        tuple(labels[c] for c in seen),
        tuple(labels[c] for c in heard),
        (),
        has_audio,
    )


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    what = script("ddddd---ss", "-ddd--ssss")
    return film(what, tmp_path_factory.mktemp("film") / "film.mp4", Style(), Timbre())


@pytest.fixture(scope="module")
def segments(filmed: Path) -> Segments:
    return segment_whole(filmed, SegmentConfig())


def test_the_file_is_ten_seconds_of_h264_and_aac(filmed: Path) -> None:
    assert filmed.name == "film.mp4"
    with av.open(str(filmed)) as container:
        video, audio = container.streams
        assert (video.codec_context.name, video.width, video.height) == ("h264", WIDTH, HEIGHT)
        assert (video.frames, video.average_rate) == (CELLS * FRAME_RATE, FRAME_RATE)
        assert (audio.codec_context.name, audio.rate) == ("aac", SAMPLE_RATE)


def test_an_object_is_there_exactly_in_its_cells(segments: Segments) -> None:
    """It covers a disc's (a star's) share of the picture, and then nothing does."""
    frames = segments.frames[:, 0].astype(float)
    empty = frames[6]
    covered = [(np.abs(frame - empty).max(0) > 40).mean() for frame in frames]
    assert min(covered[:5] + covered[8:]) > 0.03
    assert max(covered[5:8]) < 0.002


def test_a_sound_is_there_exactly_in_its_cells(segments: Segments) -> None:
    loudness = np.abs(segments.samples[:, 4410:-4410].astype(float)).mean(1)
    heard = np.array([c != "-" for c in "-ddd--ssss"])
    assert loudness[heard].min() > 2 * loudness[~heard].max()
    assert segments.audio_mask.all()
    assert segments.visual_mask.all()


def test_without_sound_there_is_no_stream(tmp_path: Path) -> None:
    path = film(script("d" * 10, "d" * 10, has_audio=False), tmp_path / "v.mp4", Style(), Timbre())
    with av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_equal_scripts_give_equal_bytes(filmed: Path, tmp_path: Path) -> None:
    what = script("ddddd---ss", "-ddd--ssss")
    again = film(what, tmp_path / "other name.mp4", Style(), Timbre())
    assert again.read_bytes() == filmed.read_bytes()


# Sound before it is encoded.


def wave(heard: str, timbre: Timbre = QUIET, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng([0, seed, 1])
    return _samples(script("-" * 10, heard, seed=seed), rng, timbre)


def envelope(samples: np.ndarray) -> np.ndarray:
    """The loudest sample of every 10 ms."""
    return np.abs(samples.astype(float)).reshape(-1, SAMPLE_RATE // 100).max(1)


def test_samples_are_ten_seconds_within_full_scale() -> None:
    samples = wave("hhhhhsssss", Timbre())
    assert (samples.dtype, samples.shape) == (np.int16, (CELLS * SAMPLE_RATE,))
    assert 1000 < np.abs(samples.astype(int)).max() <= 32767


def test_one_unbroken_sound_over_equal_cells() -> None:
    """It fades only where the class changes: not between two cells of the same."""
    loud = envelope(wave("hhhhhhhhhh"))
    assert loud[2:-2].min() > 0.3 * loud.max()
    change = wave("hhhhhsssss").astype(float)
    seam = slice(5 * SAMPLE_RATE - 20, 5 * SAMPLE_RATE + 20)  # samples
    assert np.abs(change[seam]).max() < 0.1 * np.abs(change).max()


def test_silence_is_noise_alone() -> None:
    samples = wave("----------")
    assert 0 < np.abs(samples.astype(int)).max() < 33
    loud = envelope(wave("hhhhh-----"))
    assert loud[500:].max() < 0.01 * loud[:500].max()


def test_two_events_of_a_class_are_two_sounds() -> None:
    samples = wave("hh--hh----").astype(float).reshape(CELLS, SAMPLE_RATE)
    same = np.corrcoef(samples[0], samples[4])[0, 1]
    assert abs(same) < 0.9  # other phases, another length


# Pictures before they are encoded.


def drawn(seen: str, style: Style = PLAIN, seed: int = 1) -> np.ndarray:
    """Every picture of a script: uint8 (T, F, H, W, 3)."""
    rng = np.random.default_rng([0, seed, 1])
    pictures = _Pictures(script(seen, "-" * 10, seed=seed), rng, style)
    return np.stack([np.stack(pictures.cell(cell)) for cell in range(2)])


def test_pictures_of_a_cell_are_a_second_of_frames() -> None:
    frames = drawn("d" + "-" * 9)
    assert (frames.dtype, frames.shape) == (np.uint8, (2, FRAME_RATE, HEIGHT, WIDTH, 3))
    assert (frames[1] == frames[1, :1]).all()  # nothing moves in an empty scene
    assert not (frames[0] == frames[0, :1]).all()


def test_an_object_goes_on_its_way_from_cell_to_cell() -> None:
    frames = drawn("dd" + "-" * 8).reshape(-1, HEIGHT, WIDTH, 3).astype(int)
    empty = drawn("-" * 10).reshape(-1, HEIGHT, WIDTH, 3)[0]
    there = [np.argwhere(np.abs(frame - empty).max(2) > 60).mean(0) for frame in frames]
    steps = np.linalg.norm(np.diff(there, axis=0), axis=1)
    assert steps.max() < 2.5  # pixels in a tenth of a second: no leap between two cells
    assert np.linalg.norm(there[-1] - there[0]) > 1


def test_noise_differs_from_frame_to_frame() -> None:
    frames = drawn("-" * 10, Style(noise=6.0))[0].astype(float)
    differences = [(frames[k] - frames[0]).std() for k in range(1, 5)]
    np.testing.assert_allclose(differences, 6 * np.sqrt(2), rtol=0.2)
