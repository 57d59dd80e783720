"""`avel evaluate --against`: events that were found beside those that people corrected."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.pipeline.commands import annotated
from avel.pipeline.reasons import InputError
from avel.pipeline.work.say import put, say, warn

if TYPE_CHECKING:
    from avel.pipeline.annotations.marks import Sheet
    from avel.pipeline.media.footage import Footage
    from avel.pipeline.method.results import Result

ALONE = ("data", "model", "split", "protocol", "labels", "out")
"""Options that ask for a model's numbers on a split instead."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("against annotations")
    group.add_argument(
        "results",
        nargs="*",
        type=Path,
        metavar="RESULTS",
        help="with --against: results of avel, as JSON, lines of JSON, or their folder",
    )
    group.add_argument(
        "--against",
        type=Path,
        action="append",
        default=[],
        metavar="ANNOTATIONS",
        help="what people say of the results' films: a file of any kind that `avel dataset "
        "from-annotations` reads, or a folder; again for more",
    )
    annotated.add_rules(parser)


def run(args: argparse.Namespace) -> int:
    """Compare, and tell the numbers: shares in [0, 1], errors in seconds."""
    for name in ALONE:
        if getattr(args, name) is not None:
            raise InputError(f"--{name} and --against: give one of the two")
    if not args.results:
        raise InputError("--against: give results to compare, as `avel localize --out` wrote them")
    rules = annotated.rules(args)
    from avel.pipeline.annotations.compare import Film, compare  # slow: loads numpy
    from avel.pipeline.annotations.films import Films
    from avel.pipeline.annotations.gather import gather
    from avel.pipeline.annotations.reading import files_in, read

    results = _results(args.results)
    sheets = [sheet for path in files_in(args.against) for sheet in read(path, args.tier)]
    films = Films(results, "among the results")
    footages = _footages(results, sheets)
    gathered = gather(sheets, films, footages.__getitem__, rules, args.merge)
    annotated.tell(gathered)
    numbers = compare([Film(results[each.path].events, each) for each in gathered.films])
    missing = [str(path) for path in results if path not in {f.path for f in gathered.films}]
    for path in missing:
        warn(f"note: {path}: no annotation is about it; it counts for nothing")
    if args.json:
        put(json.dumps({**numbers, "not_annotated": missing}, indent=2) + "\n")
    else:
        _show(numbers)
    return 3 if gathered.problems else 0


def _results(paths: Sequence[Path]) -> "dict[Path, Result]":
    """Results that came to an end, by the path of their film."""
    from avel.pipeline.formats.read import read_results

    found: dict[Path, Result] = {}
    for path in paths:
        for written in read_results(path):
            film = Path(written.result.file)
            if written.result.status == "failed":
                warn(f"note: {film}: it failed ({written.result.message}); it counts for nothing")
            elif film in found:
                raise InputError(f"{written.path}: {film} has a result already; give one of them")
            else:
                found[film] = written.result
    return found


def _footages(results: "dict[Path, Result]", sheets: "Sequence[Sheet]") -> "dict[Path, Footage]":
    """Of each film its length in seconds; its frames a second where a sheet counts in them."""
    from fractions import Fraction

    from avel.pipeline.media.apart import Apart, footage_of
    from avel.pipeline.media.footage import Footage

    counted = any(mark.frames for sheet in sheets for mark in sheet.marks)
    found = {}
    with Apart() as apart:
        for path, result in results.items():
            seen = footage_of(apart, path) if counted else None
            rate, variable = (seen.frame_rate, seen.variable) if seen else (Fraction(0), False)
            found[path] = Footage(rate, variable, duration=Fraction(result.length))
    return found


def _show(numbers: dict[str, Any]) -> None:
    say(
        f"{numbers['films']} films, {numbers['seconds']} s; right: tIoU {numbers['tiou']:g} or more"
    )
    say(f"segment accuracy   {_share(numbers['segment_accuracy'])}")
    f1 = numbers["event_f1"]
    say(f"event F1           {'-' if f1 is None else f'{f1:.3f}'}")
    for name in ("onset", "offset"):
        say(f"{name:<6} error       {_error(numbers[f'{name}_error'])}")
    rows = [("label", "annotated", "found", "right", "F1", "accuracy", "onset error")]
    for label, own in numbers["labels"].items():
        counts = (str(own[name]) for name in ("annotated", "found", "right"))
        wrong = own["onset_error"]
        late = f"{wrong['mean']:+.2f} s" if wrong else "-"
        rows.append(
            (label, *counts, f"{own['event_f1']:.3f}", _share(own["segment_accuracy"]), late)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for label, *rest in rows:
        cells = (f"{cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True))
        say(f"  {label:<{widths[0]}}  {'  '.join(cells)}")


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _error(errors: dict[str, float] | None) -> str:
    if errors is None:
        return "-"
    return (
        f"{errors['median']:.2f} s (median), {errors['mean']:+.2f} s (mean, + is late), "
        f"{errors['largest']:.2f} s (largest)"
    )
