"""The folder of a taught model: weights, a card for programs, one for people, and its examples."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from safetensors.numpy import save_file

from avel.cache.whole import replacing
from avel.models.card import CHECKPOINT, FORMAT, KEY, TAUGHT, Card, CheckpointError, describe
from avel.pipeline.datasets.examples import COLUMNS
from avel.pipeline.formats.folder import make_folder
from avel.pipeline.formats.whole import write_whole
from avel.pipeline.learning.labelled import Labelled, num_seconds
from avel.pipeline.learning.left_out import Judged
from avel.pipeline.learning.lesson import DECODER, Lesson
from avel.pipeline.reasons import InputError

EXAMPLES, MACHINE, PEOPLE = "examples.csv", "card.json", "card.md"


def check_folder(out: Path) -> None:
    """Refuse a folder that holds something other than a taught model.

    Raises:
        InputError: it does, or is a file.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"--out {out}: is a file; give a folder")
    if any(out.iterdir()) and not _is_taught(out / CHECKPOINT):
        raise InputError(
            f"--out {out}: holds something else than a taught model; give a new folder"
        )


def _is_taught(path: Path) -> bool:
    try:
        return describe(path).card.name == TAUGHT
    except CheckpointError:
        return False


def write_folder(
    out: Path,
    lesson: Lesson,
    films: Sequence[Labelled],
    judged: Judged,
    left_out: Sequence[str] = (),
) -> Card:
    """Write all of the folder's files, vectors (E, D) last; gives the model's card."""
    make_folder(out)
    card = _card(lesson, films, judged, left_out)
    write_whole(out / EXAMPLES, _examples(films))
    write_whole(out / MACHINE, json.dumps(asdict(card), indent=2, ensure_ascii=False) + "\n")
    write_whole(out / PEOPLE, _page(card, lesson, films, judged))
    arrays = {
        **lesson.taught._asdict(),
        "usual_sounds": lesson.looks.usual_sounds,
        "usual_sights": lesson.looks.usual_sights,
    }
    metadata = {KEY: json.dumps({"format": FORMAT, **asdict(card)})}
    with replacing(out / CHECKPOINT) as part:
        save_file({f"extra.{name}": array for name, array in arrays.items()}, part, metadata)
    return card


def _card(
    lesson: Lesson, films: Sequence[Labelled], judged: Judged, left_out: Sequence[str]
) -> Card:
    shown = sum(bool(film.shows) for film in films)
    training = {
        "films": len(films),
        "seconds": sum(map(num_seconds, films)),
        "leave_one_out": {**asdict(judged), "accuracy": judged.accuracy},
        "not_used": list(left_out),
        "gives_way": list(lesson.gives_way),
    }
    return Card(
        name=TAUGHT,
        options=asdict(lesson.looks.rule),
        classes=lesson.classes,
        cells=1,
        features=lesson.features,
        training=training,
        knows=f"{len(lesson.classes)} events taught by {shown} films, and nothing else",
        decoder={"decoder": DECODER.decoder, "threshold": DECODER.threshold},
    )


def event_rows(lesson: Lesson, films: Sequence[Labelled]) -> list[tuple[str, int, int, float]]:
    """Each event with its films, its labelled seconds, and the similarity that it takes."""
    rows = []
    for label, level in zip(lesson.classes, lesson.taught.levels.tolist(), strict=True):
        cells = [len(film.shows[label]) for film in films if label in film.shows]
        rows.append((label, len(cells), sum(cells), level))
    return rows


def _page(card: Card, lesson: Lesson, films: Sequence[Labelled], judged: Judged) -> str:
    encoder = str(card.features["config"]["extractor"])
    gives_way = ["those of the same names", *(f"{a} where {b} is" for a, b in lesson.gives_way)]
    facts = {
        "model": "events by example: nearest mean of square roots of class probabilities",
        "features": encoder,
        "films": f"{card.training['films']}, of them {judged.background} without an event",
        "labelled": f"{card.training['seconds']} s",
        "judged": judged.in_words(),
        "knows": card.knows,
        "everyday events that give way": "; ".join(gives_way),
        "licence": "code MIT; the model is bound by the licences of the films and the encoder",
    }
    rows = [
        f"| {label.replace('|', '/')} | {count} | {seconds} | {level:.2f} |"
        for label, count, seconds, level in event_rows(lesson, films)
    ]
    lines = [f"| {name} | {value.replace('|', '/')} |" for name, value in facts.items()]
    head = ["| event | films | seconds | similarity it takes |", "|---|---|---|---|"]
    text = "\n".join(["# Model card", "", "| | |", "|---|---|", *lines, "", *head, *rows])
    return f"{text}\n\nUse: `avel localize my.mp4 --model FOLDER`; examples are in `{EXAMPLES}`.\n"


def _examples(films: Sequence[Labelled]) -> str:
    """The examples as `--from` reads them, with whole paths."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for film in films:
        for e in film.examples:
            off = "" if e.offset is None else f"{e.offset:g}"
            writer.writerow((film.path.absolute(), f"{e.onset:g}", off, e.label))
    return text.getvalue()
