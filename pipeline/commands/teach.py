"""`avel teach`: events of your own, by a few labelled seconds each."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import options
from avel.pipeline.reasons import InputError
from avel.pipeline.work.say import say, warn

if TYPE_CHECKING:
    from avel.pipeline.datasets.examples import Example
    from avel.pipeline.learning.teach import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--event",
        nargs="+",
        action="append",
        default=[],
        metavar=("NAME", "FILE [ON-OFF]"),
        help="an event, a film that shows it, and when, in seconds: 2-5 or 2.5-7, again for "
        "several, none for the whole film; again for another film or event; the name "
        "'background' is for what is none",
    )
    parser.add_argument(
        "--from",
        dest="tables",
        type=Path,
        action="append",
        default=[],
        metavar="TABLE",
        help="AVE-shaped folder, or a CSV of file, onset, offset, label; again for more",
    )
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    options.add_weights(parser.add_argument_group("encoder, that of the everyday model"))
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    examples = _examples(args)
    from avel.pipeline.learning.teach import teach  # slow: numpy and h5py load here
    from avel.pipeline.work.progress import Progress

    progress = Progress(len({example.path for example in examples}), "films")
    report = teach(
        examples, args.out, options.runtime(args), weights=args.weights, progress=progress
    )
    for sentence in report.not_used:
        warn(f"not used: {sentence}")
    say(*_lines(report, args.out))
    return 3 if report.not_used else 0


def _examples(args: argparse.Namespace) -> "list[Example]":
    from avel.pipeline.datasets.examples import HOW, check, example_of, examples_in

    given = [example for words in args.event for example in example_of(words)]
    given += [example for table in args.tables for example in examples_in(table)]
    if not given:
        raise InputError(f"nothing to learn from; {HOW}, or --from a table")
    return check(given)


def _lines(report: "Report", out: Path) -> list[str]:
    from avel.pipeline.learning.taught_folder import event_rows

    rows = event_rows(report.lesson, report.films)
    width = max(len(label) for label, *_ in rows)
    events = [
        f"  {label:<{width}}  {films:>3} film(s)  {seconds:>4} s"
        for label, films, seconds, _ in rows
    ]
    shown = f"{len(rows)} event(s) of {len(report.films)} film(s)"
    return [
        f"{out}: {shown}",
        *events,
        report.judged.in_words(),
        f"next: avel localize FILE --model {out}",
    ]
