"""The everyday model on real clips with labelled events, and on pairs that do not belong together.

    python -m benchmarks.real [FOLDER] [--clips] [--pairs] [--parts] [--usual]

FOLDER (../shared/real) holds clips and `clips.tsv`: file, duration, seen, heard, av_event, accepts,
onset, offset, confidence. A label is right if `accepts`, a regular expression, matches it from the
start of a word. Top event: the one of the highest score. IoU: seconds of all right labels against
the labelled span, zero where none is right. Pairs: the sound of one clip under the picture of
another, of clips without human sounds whose labels exclude each other. Beside it: the model that was
the answer before, and each sense alone. `--parts` leaves out one part of the rule at a time. `--usual` prints the mean log-probabilities of ImageNet's
classes that stand in extractors/vision/efficientnet-lite0-usual.txt.
"""

import argparse
import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from avel.pipeline.method.events import Event
from avel.pipeline.method.everyday import Everyday
from avel.pipeline.method.extract import Features
from avel.pipeline.method.harvest import harvest
from avel.pipeline.method.plan import PipelineConfig, plan_localization
from avel.pipeline.method.run import localize, read_features
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
from avel.pipeline.method.stores import features_recipe
from avel.pipeline.report.table import markdown
from avel.pipeline.work.runtime import RuntimeConfig, cache_root

SHARED = Path(__file__).resolve().parents[2] / "shared"
HUMAN = re.compile("speech|laugh|cry|crowd|sing|band|cheer", re.IGNORECASE)
"""Of these a picture can seldom say that they are not there."""
BARS = {
    "top event right": 0.78,
    "of the sure": 0.86,
    "quiet": 6 / 7,
    "IoU, sure": 0.78,
    "IoU, part of the clip": 0.60,
}


@dataclass(frozen=True)
class Clip:
    """A row of `clips.tsv`; `event` is empty where there is none."""

    path: Path
    event: str
    accepts: str
    onset: int
    offset: int
    duration: float
    sure: bool

    @cached_property
    def _right(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{self.accepts})", re.IGNORECASE)

    def is_right(self, label: str) -> bool:
        """Whether a label names the clip's event."""
        return bool(self.event) and self._right.search(label) is not None

    @property
    def whole(self) -> bool:
        """Whether the event fills the clip."""
        return self.onset == 0 and self.offset >= int(self.duration)

    def iou(self, events: Iterable[Event]) -> float:
        """Seconds of right labels over seconds of the label, together and in all."""
        truth = set(range(self.onset, self.offset))
        found = {
            second
            for event in events
            if self.is_right(event.label)
            for second in range(int(event.onset), round(event.offset + 0.49))
        }
        return len(truth & found) / len(truth | found)


def read_clips(folder: Path) -> list[Clip]:
    with (folder / "clips.tsv").open(encoding="utf-8", newline="") as file:
        return [_clip(folder, row) for row in csv.DictReader(file, delimiter="\t")]


def _clip(folder: Path, row: dict[str, str]) -> Clip:
    event = "" if row["av_event"] == "none" else row["av_event"]
    return Clip(
        folder / row["file"],
        event,
        row["accepts"] or "(?!)",
        int(row["onset"] or 0),
        int(row["offset"] or 0),
        float(row["duration"]),
        row["confidence"] == "high",
    )


Found = dict[Path, list[Event]]


def figures(clips: list[Clip], found: Found) -> dict[str, float]:
    """Shares of what is right, over the clips of one kind each."""
    with_event = [clip for clip in clips if clip.event]
    right = {clip.path: _top_is_right(clip, found[clip.path]) for clip in with_event}
    ious = {clip.path: clip.iou(found[clip.path]) for clip in with_event}
    return {
        "top event right": _share(right[c.path] for c in with_event),
        "of the sure": _share(right[c.path] for c in with_event if c.sure),
        "quiet": _share(not found[c.path] for c in clips if not c.event),
        "IoU, sure": _share(ious[c.path] for c in with_event if c.sure),
        "IoU, part of the clip": _share(ious[c.path] for c in with_event if not c.whole),
    }


def _top_is_right(clip: Clip, events: list[Event]) -> bool:
    return bool(events) and clip.is_right(max(events, key=lambda event: event.score).label)


def _share(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


class Bench:
    """The clips' features, once, and what the everyday model makes of any sound and picture."""

    def __init__(
        self,
        clips: list[Clip],
        weights: list[Path],
        runtime: RuntimeConfig,
        cut: Mapping[str, Any] | None = None,
    ) -> None:
        """`cut` has settings of the segments other than the everyday model's own."""
        self.clips, self.runtime = clips, runtime
        self.plan = plan_localization(PipelineConfig(weights=tuple(weights)))
        assert isinstance(self.plan.localizer, Everyday)
        self.model = self.plan.localizer
        if cut:
            segment = replace(self.plan.segment, **cut)
            recipe = features_recipe(segment, self.plan.encoder.recipe)
            self.plan = replace(self.plan, segment=segment, features=recipe)
        stores = self.plan.stores(runtime.cache_dir)
        keys = {
            outcome.path: outcome.key
            for outcome in harvest([c.path for c in clips], stores, self.plan, runtime)
            if outcome.key
        }
        self.features = {path: read_features(stores.features, key) for path, key in keys.items()}

    def scores(self, sound: Clip, picture: Clip) -> SegmentScores:
        """Of one clip's sound under another's picture, as long as the shorter."""
        heard, seen = self.features[sound.path], self.features[picture.path]
        T = min(len(heard.audio), len(seen.audio))
        return self.model.score([_joined(heard, seen, T)], ScoreConfig())[0]

    def events(self, sound: Clip, picture: Clip) -> list[Event]:
        return self.model.find(self.scores(sound, picture), self.plan.decoder).events

    def by_one_sense(self, change: Callable[[SegmentScores], SegmentScores]) -> Found:
        """What is found where one of the senses says nothing."""
        return {
            clip.path: self.model.find(change(self.scores(clip, clip)), self.plan.decoder).events
            for clip in self.clips
        }


def _joined(heard: Features, seen: Features, T: int) -> Features:
    def cut(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[:T]

    arrays = {
        **{k: cut(getattr(seen, k)) for k in ("visual", "visual_map", "visual_mask", "faces")},
        **{k: cut(getattr(heard, k)) for k in ("audio", "audio_mask", "audio_scores")},
        "visual_scores": cut(seen.visual_scores),
    }
    return Features(**arrays, duration=min(heard.duration, seen.duration), flags=())  # type: ignore[arg-type]


def pairs(clips: list[Clip]) -> Iterator[tuple[Clip, Clip]]:
    """Clips whose sound and picture exclude each other."""
    fit = [clip for clip in clips if clip.event and not HUMAN.search(clip.event)]
    for sound, picture in permutations(fit, 2):
        names = (sound.event, sound.accepts), (picture.event, picture.accepts)
        alike = any(sound.is_right(text) for text in names[1])
        if not alike and not any(picture.is_right(text) for text in names[0]):
            yield sound, picture


def pair_figures(bench: Bench) -> tuple[int, float, float]:
    """Number of pairs, share with any event, share with the label that is heard."""
    any_event, heard, count = 0, 0, 0
    for sound, picture in pairs(bench.clips):
        events = bench.events(sound, picture)
        count += 1
        any_event += bool(events)
        heard += any(sound.is_right(event.label) for event in events)
    return count, any_event / count, heard / count


def by_synthetic(clips: list[Clip], runtime: RuntimeConfig) -> Found:
    """What the model of drawn films finds."""
    plan = plan_localization(PipelineConfig(model=Path("synthetic")))
    results = localize([clip.path for clip in clips], plan, runtime)
    return {Path(result.file): list(result.events) for result in results}


def usual(bench: Bench) -> np.ndarray:
    """Mean log-probability (K,) of each class, its best view, over the clips less the top tenth."""
    means = []
    for features in bench.features.values():
        scores = features.visual_scores
        assert scores is not None
        shifted = scores - scores.max(-1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
        means.append(logs.max(1)[features.visual_mask].mean(0))
    ordered = np.sort(np.stack(means), 0)
    return np.asarray(ordered[: int(0.9 * len(ordered))].mean(0))


def _heard_first(clips: list[Clip], bench: Bench) -> float:
    """Share of clips whose strongest sound of the table is right, whatever is seen."""
    right = []
    for clip in clips:
        if clip.event:
            heard = bench.scores(clip, clip).heard.max(0)
            right.append(clip.is_right(bench.model.classes[int(heard.argmax())]))
    return _share(right)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, default=SHARED / "real")
    parser.add_argument("--weights", type=Path, action="append", default=[])
    parser.add_argument("--cache-dir", type=Path)
    parser.add_argument("--clips", action="store_true", help="also what is found in each clip")
    parser.add_argument("--pairs", action="store_true", help="also the mismatched pairs (a minute)")
    parser.add_argument("--parts", action="store_true", help="also without each part (minutes)")
    parser.add_argument("--usual", action="store_true", help="print the usual log-probabilities")
    args = parser.parse_args()
    if not (args.folder / "clips.tsv").is_file():
        raise SystemExit(f"{args.folder}: has no clips.tsv; give a folder of labelled clips")
    clips = read_clips(args.folder)
    bench = Bench(clips, args.weights, RuntimeConfig(cache_dir=cache_root(args.cache_dir)[0]))
    if args.usual:
        print("\n".join(f"{value:.2f}" for value in usual(bench)))
        return
    drawn = by_synthetic(clips, bench.runtime)
    print(_table(clips, bench, drawn))
    named = sum(bool(events) for events in drawn.values())
    print(f"\nsynthetic names a drawn shape in {named} of {len(clips)} clips")
    print(f"\nheard only, strongest sound of the table right: {_heard_first(clips, bench):.2f}")
    if args.clips:
        _print_clips(clips, bench)
    if args.parts:
        print("\n" + _parts(clips, bench))
    if args.pairs:
        count, any_event, heard = pair_figures(bench)
        print(f"\n{count} pairs: any event {any_event:.3f}, the heard label {heard:.3f}")


def _table(clips: list[Clip], bench: Bench, drawn: Found) -> str:
    rows = {
        "everyday": {clip.path: bench.events(clip, clip) for clip in clips},
        "sound alone": bench.by_one_sense(lambda s: replace(s, seen=np.full_like(s.seen, 5.0))),
        "sight alone": bench.by_one_sense(lambda s: replace(s, heard=np.full_like(s.heard, -2.5))),
        "synthetic (the default before)": drawn,
    }
    head = ["", *BARS]
    table = [
        [name, *(f"{value:.2f}" for value in figures(clips, found).values())]
        for name, found in rows.items()
    ]
    bars = ["at least", *(f"{bar:.2f}" for bar in BARS.values())]
    return markdown(head, [*table, bars])


def _parts(clips: list[Clip], bench: Bench) -> str:
    """The figures without each part of the rule."""
    whole, rule = dict(bench.features), bench.model.rule
    parts: dict[str, tuple[dict[str, object], Callable[[Features], Features]]] = {
        "all of it": ({}, lambda f: f),
        "the whole picture alone": (
            {},
            lambda f: replace(f, visual_scores=_first(f.visual_scores)),
        ),
        "without faces": ({}, lambda f: replace(f, faces=None)),
        "without rivalry": ({"rivalry": 0.0, "rivalry_after": 0.0}, lambda f: f),
        "sound of 2 s alone": ({"sound_mix": (1.0, 0.0)}, lambda f: f),
        "sound of 10 s alone": ({"sound_mix": (0.0, 1.0)}, lambda f: f),
        "sights not held": ({"reach": 0}, lambda f: f),
    }
    rows = []
    for name, (changed, without) in parts.items():
        bench.model.rule = replace(rule, **changed)  # type: ignore[arg-type]
        bench.features = {path: without(features) for path, features in whole.items()}
        found = {clip.path: bench.events(clip, clip) for clip in clips}
        _, any_event, heard = pair_figures(bench)
        values = [*figures(clips, found).values(), any_event, heard]
        rows.append([name, *(f"{value:.2f}" for value in values)])
    bench.features, bench.model.rule = whole, rule
    return markdown(["", *BARS, "pairs: any", "pairs: heard"], rows)


def _first(scores: np.ndarray | None) -> np.ndarray | None:
    return None if scores is None else scores[:, :1]


def _print_clips(clips: list[Clip], bench: Bench) -> None:
    for clip in clips:
        events = bench.events(clip, clip)
        top = sorted(events, key=lambda event: -event.score)[:3]
        said = "; ".join(f"{e.label} {e.onset:g}-{e.offset:g} ({e.score:.2f})" for e in top)
        right = "ok " if (_top_is_right(clip, events) if clip.event else not events) else "NO "
        truth = f"{clip.event or 'none'} {clip.onset}-{clip.offset}"
        print(f"{right} {clip.path.name}: {truth} | {said or 'nothing'}")


if __name__ == "__main__":
    main()
