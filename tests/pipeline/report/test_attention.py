"""The figure and the video of attention: made of the right frames, seconds and sound."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avel.pipeline.cli import main
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.method.results import Result
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.report.figure import Answer, Material, draw, read_material
from avel.pipeline.report.overlay import SIDE, write_overlay
from tests.films import clicks, write_film


def scores(T: int, at: int) -> SegmentScores:
    """All attention on one of 49 positions."""
    attention = np.zeros((T, 49), np.float32)
    attention[:, at] = 1
    none = np.zeros(T, np.float32)
    return SegmentScores(
        none, np.zeros((T, 2), np.float32), np.ones(T, bool), attention, none, none, float(T), ()
    )


def film(path: Path, seconds: int, *, sound: bool = True) -> Path:
    """Pictures that change twice a second, and one click."""
    samples = clicks(seconds * 44_100, [100]) if sound else None
    return write_film(path, frame_times=[k / 2 for k in range(2 * seconds)], samples=samples)


def videos(synth: Path) -> list[Path]:
    return sorted((synth / "AVE").glob("*.mp4"))


def test_material_is_what_the_encoder_saw(synth: Path) -> None:
    path, config = videos(synth)[0], SegmentConfig(image_size=112)
    whole = segment_whole(path, config)
    material = read_material(path, config, len(whole.samples))
    assert material.shown == list(range(10))
    np.testing.assert_array_equal(material.frames, whole.frames[:, 0])
    loud = whole.samples.astype(float).max(1) / 32768
    per_second = material.envelope[:, 1].reshape(10, -1).max(1)
    np.testing.assert_allclose(per_second, loud, atol=1e-3)


def test_long_videos_show_twelve_frames(tmp_path: Path) -> None:
    path = film(tmp_path / "long.mkv", 70)
    material = read_material(path, SegmentConfig(image_size=32), 70)
    assert (material.shown[0], material.shown[-1], len(material.shown)) == (0, 69, 12)
    whole = segment_whole(path, SegmentConfig(image_size=32))
    np.testing.assert_array_equal(material.frames, whole.frames[material.shown, 0])


def test_the_video_has_the_sound_and_the_attention(synth: Path, tmp_path: Path) -> None:
    """Decoded again: as long, as loud, and brighter red where the attention is."""
    path, config = videos(synth)[0], SegmentConfig()
    answer = Answer("model", Result(str(path), "ok", segments=10), scores(10, 8))
    write_overlay(tmp_path / "o.mp4", answer, config, [("an event", 2.0, 5.0)])
    made = segment_whole(tmp_path / "o.mp4", SegmentConfig(image_size=SIDE, short_side=SIDE))
    assert len(made.samples) == 10
    source = segment_whole(path, config).samples.astype(float)
    loud, loud_made = (x.std(1) for x in (source, made.samples.astype(float)))
    np.testing.assert_allclose(loud_made, loud, rtol=0.15)
    lag = (
        np.correlate(source[3][:2000], made.samples[3][:2000].astype(float), "full").argmax() - 1999
    )
    assert abs(lag) < 60  # of 44,100: the encoder's delay is taken off again
    frame = made.frames[5, 0].astype(float)
    red = frame[0] - frame[2]
    # the picture is 448 wide and a little higher: the square cut of it loses its lower edge at most
    cell = red[64:128, 64:128].mean()
    assert cell > red[256:, 256:].mean() + 20
    assert not list(tmp_path.glob("*.part"))


def test_silent_videos_have_no_sound(tmp_path: Path) -> None:
    path = film(tmp_path / "mute.mkv", 2, sound=False)
    result = Result(str(path), "partial", ("NO_AUDIO",), segments=2)
    write_overlay(tmp_path / "o.mp4", Answer("m", result, scores(2, 0)), SegmentConfig(), None)
    assert "NO_AUDIO" in {
        str(flag) for flag in segment_whole(tmp_path / "o.mp4", SegmentConfig()).flags
    }


def test_the_figure_escapes_and_colours(tmp_path: Path) -> None:
    """Labels that look like formulas are text; an event is a bar of its length."""
    frames = np.full((3, 3, 16, 16), 128, np.uint8)
    material = Material([0, 1, 2], frames, np.zeros((300, 2), np.float32))
    event = ("$\\frac$ <b>", 1.0, 3.0)
    answer = Answer("m$_x", Result("a$b.mp4", "ok", segments=3), scores(3, 0))
    draw(tmp_path / "f.png", material, [answer], [event])
    picture = np.asarray(Image.open(tmp_path / "f.png").convert("RGB")).astype(int)
    blue = (np.abs(picture - [0x19, 0x71, 0xC2]).max(-1) < 8).any(0)
    columns = np.flatnonzero(blue)
    wide = picture.shape[1]
    assert 0.5 * wide < columns[-1] - columns[0] < 0.75 * wide  # two of three seconds
    draw(tmp_path / "f.svg", material, [answer], None)
    assert "<svg" in (tmp_path / "f.svg").read_text()


def test_commands(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = [str(path) for path in videos(synth)[:1]]
    shared = ["--cache-dir", str(warm), "--truth", str(synth)]
    assert main(["localize", *some, *shared, "--attention"]) == 2
    assert "--attention writes a picture and a video; give --out" in capsys.readouterr().err
    out = tmp_path / "o"
    assert main(["localize", *some, *shared, "--attention", "--out", str(out), "--json"]) == 0
    assert capsys.readouterr().out.startswith("[")  # the results alone
    names = sorted(path.name for path in out.iterdir())
    base = Path(some[0]).name
    assert {f"{base}.attention.png", f"{base}.attention.mp4", f"{base}.html"} <= set(names)
    broken = tmp_path / "broken.mp4"
    broken.write_text("nothing")
    argv = ["attention", *some, str(broken), *shared, "--out", str(tmp_path / "p"), "--no-video"]
    assert main([*argv, "--format", "pdf"]) == 3
    found = capsys.readouterr()
    assert "broken.mp4: no picture of it:" in found.err
    assert found.out.split() == [str(tmp_path / "p" / f"{base}.attention.pdf")]
    assert (tmp_path / "p" / f"{base}.attention.pdf").read_bytes().startswith(b"%PDF")
