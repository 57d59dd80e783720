"""Results, scores and films for the report's tests."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from avel.pipeline.media.apart import Apart
from avel.pipeline.media.writer import Mp4, Mp4Writer
from avel.pipeline.method.events import Disagreement, Event, Evidence, Sound
from avel.pipeline.method.results import Result
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.report.cached import CachedRun
from avel.pipeline.report.preview import Preview, preview
from tests.films import clicks, number_frame, tone, write_film

EVIL = "<script>alert(\"1\")</script> & 'x'"


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


def result(file: str = "a.mp4", **changes: object) -> Result:
    """Four segments and 3.5 seconds, two events."""
    made = Result(
        file,
        "ok",
        duration=3.5,
        segments=4,
        events=(Event(0.0, 2.0, "dog", 0.9), Event(3.0, 3.5, "bell", 0.6)),
        model={"name": "dmsf", "sha256": "0123456789abcdef", "knows": "trained on films"},
        decoder={"name": "gate", "threshold": 0.7},
        relevance=(0.9, 0.8, 0.1, 0.6),
        top_classes=(("dog", 0.5), ("dog", 0.75), ("cat", 0.25), ("bell", 1.0)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def everyday(file: str = "a.mp4", **changes: object) -> Result:
    """Of a model that knows the senses by themselves."""
    bark = Event(0.0, 2.0, "Bark", 0.9, Evidence(1.25, 5.5, "supports"))
    speech = Event(3.0, 3.5, "Speech", 0.6, Evidence(-3.0, 0.0, "cannot tell"))
    senses: dict[str, object] = {
        "events": (bark, speech),
        "disagreements": (
            Disagreement(0.0, 1.0, "Siren", "heard, not seen", 0.8, "no ambulance in the picture"),
            Disagreement(2.0, 3.0, "Cat", "seen, not heard", 0.7, "cat in the picture"),
            Disagreement(2.0, 4.0, "Bus", "heard, not seen", 0.55, "no bus in the picture"),
        ),
        "sounds": (Sound(0.0, 2.0, "Dog", 0.97), Sound(1.0, 2.0, "Yip", 0.31)),
        "heard": (("Bark", 1.0), ("Bark", 0.8), ("Siren", 0.4), ("Speech", 0.6)),
        "seen": (("Bark", 0.9), ("Bark", 0.7), ("Cat", 0.5), ("Cat", 0.0)),
    }
    return result(file, **{**senses, **changes})


def evil() -> Result:
    """Every text of it is markup."""
    return Result(
        f"/{EVIL}/{EVIL}.mkv",
        EVIL,
        (EVIL,),
        EVIL,
        2.0,
        2,
        events=(Event(0.0, 1.0, EVIL, 0.5, Evidence(0.0, 0.0, EVIL)),),
        disagreements=(Disagreement(0.0, 1.0, EVIL, EVIL, 0.5, EVIL),),
        sounds=(Sound(0.0, 1.0, EVIL, 0.5),),
        notes=(EVIL,),
        model={"name": EVIL, "sha256": EVIL, "knows": EVIL},
        decoder={"name": EVIL, "threshold": 0.5},
        relevance=(0.5, 0.5),
        top_classes=((EVIL, 0.5),) * 2,
        heard=((EVIL, 0.5),) * 2,
        seen=((EVIL, 0.5),) * 2,
    )


def played(path: Path, seconds: int, rate: int = 10) -> Path:
    """A film that browsers play: frame n says its number, and a tone that begins at 1 s."""
    sound = tone(440, seconds, 44_100)
    sound[:44_100] = 0
    with Mp4Writer(path, Mp4(96, 54, rate, 44_100, {"g": "10"})) as writer:
        for t in range(seconds):
            frames = (number_frame(t * rate + k, 96, 54) for k in range(rate))
            writer.cell(frames, sound[t * 44_100 : (t + 1) * 44_100])
    return path


def looked_at(found: Result, run: CachedRun | None = None) -> Preview:
    """The preview of a result's film, by a process of its own."""
    with Apart() as apart:
        return preview(apart, found, run)
