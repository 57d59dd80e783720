"""How well events are taught by one film each: ../shared/real, one film left out at a time.

    python -m benchmarks.real_transfer [--clips ../shared/real] [--weights mn04_as_mAP_432.pt]
    python -m benchmarks.real_transfer --roots      (what is usual, for the encoders' lists)

Films of `clips.tsv` are grouped by what they show, as below; groups of one film are left out. Each
film's seconds are those of the table. *Nearest*: the most alike other film is of its group.
*Prototype*: so is the most alike mean of a group's other films. *One example*: so is the most alike
of one film of every group, over many draws. These ask which event; *found* asks `avel localize`
whether there is one too, and its top event must be right: silence is wrong. *Strangers* are films of
no group and without anything like one; *mismatched* puts a film's sound under a stranger's picture.
"""

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.extractors import EXTRACTORS
from avel.models.taught import Looks
from avel.pipeline.datasets.examples import Example
from avel.pipeline.learning.labelled import Labelled, in_film
from avel.pipeline.learning.left_out import top_event
from avel.pipeline.learning.lesson import Lesson, learn
from avel.pipeline.learning.teach import ordinary_looks
from avel.pipeline.method.everyday import SIGHT, SOUND, Everyday
from avel.pipeline.method.extract import Features
from avel.pipeline.method.harvest import harvest
from avel.pipeline.method.plan import Plan
from avel.pipeline.method.run import read_features
from avel.pipeline.method.taught import look
from avel.pipeline.work.runtime import RuntimeConfig, cache_root

SHARED = Path(__file__).resolve().parents[2] / "shared"
CLOSE = {
    "Bark": ("dog_bark_03", "dog_bark_04", "dog_pack_01"),
    "Baby cry": ("baby_cry_02", "baby_cry_03"),
    "Fireworks": ("fireworks_01", "fireworks_02"),
    "Gunshot": ("gun_rifle_01", "machine_gun_01"),
    "Drum": ("bongo_lesson_01", "djembe_01", "drums_01"),
    "Ukulele": ("ukulele_ave_16eUxQwxxbs", "ukulele_duo_60s_01"),
    "Male speech": ("speech_man_ave_-en7GAdXAQk", "standup_speech_01"),
    "Female speech": ("speech_woman_ave_0lFf-HP86Q0", "speech_woman_train_01"),
}
"""Films of one event of AVE, or of kinds of one."""
LOOSE = {
    **CLOSE,
    "Bowed string": ("cello_02", "violin_01"),
    "Saw or trimmer": ("chainsaw_02", "hedge_trimmer_01"),
    "Car": ("car_exhaust_01", "race_car_ave_22olCB3wQaA"),
    "Water": ("waterfall_01", "waves_01"),
    "Wind instrument": ("trombone_01", "recorder_guitar_01"),
}
"""The same, and films that are only related."""
ALIKE = (
    *("baby_laugh_03", "cougar_01", "eating_01", "harp_01", "jazz_band_01", "recorder_guitar_01"),
    *("shaker_01", "stick_hit_metal_01", "toilet_flush_01", "vibraphone_01"),
)
"""Films that are no strangers: a laugh beside crying, a harp beside a ukulele, a marimba, a voice."""
DRAWS, PAIRS = 20, 4
PARTS = ("sound", "sight", "both")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=Path, default=SHARED / "real")
    parser.add_argument("--weights", type=Path, default=SHARED / "weights" / "mn04_as_mAP_432.pt")
    parser.add_argument("--cache-dir", type=Path)
    parser.add_argument("--roots", action="store_true", help="write the encoders' usual roots")
    args = parser.parse_args()
    for needed in (args.clips / "clips.tsv", args.weights):
        if not needed.is_file():
            print(f"skipped: {needed} is not there")
            return
    looks = ordinary_looks()
    films = read_films(args.clips, args.weights, cache_root(args.cache_dir)[0], looks)
    if args.roots:
        write_roots([film.features for film in films.values()])
        return
    print("| films | | nearest | prototype | one example |\n|---|---|---|---|---|")
    for name, groups in (("one event", CLOSE), ("related too", LOOSE)):
        for row in rows(films, groups, looks):
            print(f"| {name} | {' | '.join(row)} |")


def read_films(clips: Path, weights: Path, cache: Path, looks: Looks) -> dict[str, Labelled]:
    """Every film that is both seen and heard, by its name, with the seconds of the table."""
    with (clips / "clips.tsv").open() as file:
        table = {row["file"]: row for row in csv.DictReader(file, delimiter="\t")}
    base = Everyday(weights=(weights,))
    plan = Plan(base.segment, base.features, lambda: base.encoder(()))
    stores, films = plan.stores(cache), {}
    for outcome in harvest([clips / name for name in table], stores, plan, RuntimeConfig(cache)):
        if outcome.key is None or outcome.reason:
            print(f"left out: {outcome.message}")
            continue
        features, row = read_features(stores.features, outcome.key), table[outcome.path.name]
        on, off = float(row["onset"] or 0), float(row["offset"]) if row["offset"] else None
        label = row["av_event"] if row["offset"] else "background"
        example = Example(label, outcome.path, on, off, outcome.path.name)
        films[outcome.path.stem] = in_film(outcome.path, [example], features, look(features, looks))
    return films


def rows(
    films: Mapping[str, Labelled], groups: Mapping[str, Sequence[str]], looks: Looks
) -> list[tuple[str, ...]]:
    """Lines of the table, shares in [0, 1]."""
    group_of = {name: label for label, names in groups.items() for name in names}
    chosen = {name: renamed(films[name], label) for name, label in group_of.items()}
    lines = []
    for part in PARTS:
        alike = similarities(chosen, looks, part)
        line = [share(alike, group_of, way) for way in ("nearest", "prototype", "one")]
        lines.append((part, *line))
    lines.append(("found", "", *found(films, chosen, group_of, looks)))
    return lines


def renamed(film: Labelled, label: str) -> Labelled:
    """A film whose event goes by its group's name."""
    (cells,) = film.shows.values()
    return replace(film, shows={label: cells})


def similarities(films: Mapping[str, Labelled], looks: Looks, part: str) -> NDArray[np.float32]:
    """How alike (N, N) each film's labelled seconds are to every film's, by a part."""
    split = looks.bounds[-2]
    columns = {"sound": slice(split), "sight": slice(split, None), "both": slice(None)}[part]
    seconds = [film.vectors[next(iter(film.shows.values()))] for film in films.values()]
    means = np.stack([looks.middle(each)[columns] for each in seconds])
    return np.stack([(each[:, columns] @ means.T).mean(0) for each in seconds])


def share(alike: NDArray[np.float32], group_of: Mapping[str, str], way: str) -> str:
    """Share of films whose most alike film, group or example is of their own group."""
    labels, rng, right = np.array(list(group_of.values())), np.random.default_rng(0), []
    for film, label in enumerate(labels):
        others = np.delete(np.arange(len(labels)), film)
        if way == "nearest":
            right.append(labels[others[alike[film, others].argmax()]] == label)
        for _ in range(DRAWS if way == "one" else way == "prototype"):
            of = {name: others[labels[others] == name] for name in dict.fromkeys(labels)}
            some = {n: rng.choice(each, 1) if way == "one" else each for n, each in of.items()}
            right.append(max(some, key=lambda n: alike[film, some[n]].mean()) == label)
    return f"{np.mean(right):.2f}"


def found(
    films: Mapping[str, Labelled],
    chosen: Mapping[str, Labelled],
    group_of: Mapping[str, str],
    looks: Looks,
) -> tuple[str, str]:
    """What `avel localize` answers: with all other films of a group, and with one of each."""
    strangers = [films[name] for name in films if name not in group_of and name not in ALIKE]
    labels = dict.fromkeys(group_of.values())
    rng, ones, quiet, fooled = np.random.default_rng(0), [], [], []
    for _ in range(DRAWS):
        some = {label: rng.choice(names_of(group_of, label)) for label in labels}
        lesson = learn([chosen[name] for name in chosen if name in some.values()], looks, {})
        tested = [name for name in chosen if name not in some.values()]
        ones += [top_event(lesson.events(chosen[n])) == group_of[n] for n in tested]
        quiet += [not lesson.events(film) for film in strangers]
        fooled += [
            top_event(lesson.events(mismatched(chosen[name], stranger))) == group_of[name]
            for name in tested
            for stranger in rng.choice(np.array(strangers, object), PAIRS)
        ]
    every = [
        top_event(_without(chosen, name, looks).events(chosen[name])) == group_of[name]
        for name in chosen
    ]
    one = f"{np.mean(ones):.2f}; strangers quiet {np.mean(quiet):.2f}; mismatched {np.mean(fooled):.2f}"
    return f"{np.mean(every):.2f}", one


def names_of(group_of: Mapping[str, str], label: str) -> list[str]:
    """Films of one group."""
    return [name for name, group in group_of.items() if group == label]


def _without(chosen: Mapping[str, Labelled], left: str, looks: Looks) -> Lesson:
    return learn([film for name, film in chosen.items() if name != left], looks, {})


def mismatched(heard: Labelled, seen: Labelled) -> Labelled:
    """A film with another one's picture, as long as both are."""
    T = min(len(heard.vectors), len(seen.vectors))
    ours, theirs = heard.features, seen.features
    assert theirs.visual_scores is not None
    assert ours.audio_scores is not None
    mixed = Features(
        visual=theirs.visual[:T],
        visual_map=theirs.visual_map[:T],
        audio=ours.audio[:T],
        visual_mask=theirs.visual_mask[:T],
        audio_mask=ours.audio_mask[:T],
        duration=float(T),
        flags=(),
        visual_scores=theirs.visual_scores[:T],
        audio_scores=ours.audio_scores[:T],
    )
    return replace(heard, features=mixed)


def write_roots(videos: Sequence[Features]) -> None:
    """The mean square root of every class's probability, each video counting once."""
    sounds, sights = [], []
    for features in videos:
        assert features.audio_scores is not None
        assert features.visual_scores is not None
        sounds.append(np.sqrt(1 / (1 + np.exp(-features.audio_scores[:, -1]))).mean(0))
        scores = features.visual_scores
        likely = np.exp(scores - scores.max(-1, keepdims=True))
        likely /= likely.sum(-1, keepdims=True)
        sights.append(np.sqrt(likely.max(1)).mean(0))
    folder = Path(__file__).resolve().parents[1] / "extractors"
    for name, values, what in (
        (SOUND, sounds, "sound of AudioSet in ten\n# seconds of"),
        (SIGHT, sights, "class of ImageNet-1k in\n# the best view of"),
    ):
        head = f"# Mean square root of the probability of each {what} ordinary videos;\n"
        lines = [f"{value:.4f}\n" for value in np.mean(values, 0)]
        how = "# `python -m benchmarks.real_transfer --roots` makes it.\n"
        (folder / EXTRACTORS[name].roots_list).write_text(head + how + "".join(lines))


if __name__ == "__main__":
    main()
