"""`avel localize`: events of any videos."""

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import options

if TYPE_CHECKING:
    from avel.pipeline.datasets.truth import Spans, Truth
    from avel.pipeline.method.decide import EventConfig
    from avel.pipeline.method.results import Result
    from avel.pipeline.report.cached import CachedRun


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", help="video files, folders, or lists (.txt)")
    parser.add_argument(
        "--model", type=Path, help="checkpoint or run folder [the shipped one, synthetic classes]"
    )
    parser.add_argument(
        "--labels", nargs="+", help="localize these words with no training (or one file of them)"
    )
    parser.add_argument("--template", default="{}", help='prompt around a label ["{}"]')
    parser.add_argument(
        "--decoder", choices=("gate", "argmax"), help="scores to events [the model's own]"
    )
    parser.add_argument("--threshold", type=float, help="of the gate [the model's own, else 0.5]")
    parser.add_argument(
        "--out", type=Path, help="folder for events.csv and one .json and .html per video"
    )
    parser.add_argument(
        "--truth", type=Path, help="AVE-shaped folder whose annotations to show beside"
    )
    parser.add_argument(
        "--attention",
        action="store_true",
        help="with --out: also a picture and a video of the attention over the frames",
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options.add_encoder(parser, " (a model says its own; its weights may be given)")
    options.add_runtime(parser)


def _decoder(args: argparse.Namespace) -> "EventConfig | None":
    """The decoder that was asked for; None for the model's own."""
    from avel.pipeline.method.decide import EventConfig  # slow: loads torch

    if args.decoder is None and args.threshold is None:
        return None
    return EventConfig(args.decoder or "gate", 0.5 if args.threshold is None else args.threshold)


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.datasets.truth import read_truth
    from avel.pipeline.formats.json import array
    from avel.pipeline.media.inputs import expand  # slow: loads torch and libav
    from avel.pipeline.method.labels import read_labels
    from avel.pipeline.method.model import DEFAULT_MODEL
    from avel.pipeline.method.plan import PipelineConfig, plan_localization
    from avel.pipeline.method.run import localize
    from avel.pipeline.work.progress import track

    if args.attention and not args.out:
        raise ValueError("--attention writes a picture and a video; give --out FOLDER for them")
    paths, runtime = expand(args.inputs), options.runtime(args)
    truth = read_truth(args.truth)
    plan = plan_localization(
        PipelineConfig(
            model=args.model or DEFAULT_MODEL,
            weights=tuple(args.weights),
            labels=read_labels(args.labels) if args.labels is not None else (),
            template=args.template,
            extractor=args.extractor,
            extractor_options=options.encoder_options(args),
            events=_decoder(args),
        )
    )
    by_file = {}
    results = localize(paths, plan, runtime)
    with closing(results):
        for result in track(results, len(paths), "videos", quiet=len(paths) == 1):
            by_file[result.file] = result
    ordered = [by_file[str(path)] for path in dict.fromkeys(paths)]
    if args.out:
        from avel.pipeline.report.cached import CachedRun

        run = CachedRun.of(plan, runtime.cache_dir)
        _write(args.out, ordered, truth, run)
        if args.attention:
            _draw(args.out, ordered, truth, run)
    if args.json:
        for piece in array(ordered):
            print(piece, end="")
        print()
    else:
        for result in ordered:
            print(_text(result, truth.of(result.file)))
        if any(result.events for result in ordered):
            print(f"model: {ordered[0].model['name']}, {ordered[0].model['knows']}")
    return 3 if any(result.status == "failed" for result in ordered) else 0


def _text(result: "Result", truth: "Spans | None") -> str:
    head = f"{_printable(result.file)}  {result.duration:.1f} s  {result.status}"
    lines = [head + (f" ({', '.join(result.reasons)})" if result.reasons else "")]
    for event in result.events:
        lines.append(
            f"  {event.onset:6.1f} - {event.offset:6.1f} s  {event.score:.2f}  {event.label}"
        )
    for d in result.disagreements:
        lines.append(f"  {d.onset:6.1f} - {d.offset:6.1f} s  ({d.kind})  {_printable(d.label)}")
    for label, onset, offset in truth or []:
        lines.append(f"  {onset:6.1f} - {offset:6.1f} s  truth  {label}")
    lines += [f"  {_printable(result.message)}"] if result.message else []
    lines += [f"  note: {note}" for note in result.notes]
    return "\n".join(lines)


def _printable(text: str) -> str:
    """Text without control characters: a file's name must not drive the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _write(out: Path, results: "list[Result]", truth: "Truth", run: "CachedRun") -> None:
    from avel.pipeline.formats.folder import ResultFolder
    from avel.pipeline.report.page import report_page  # slow: loads Jinja
    from avel.pipeline.report.pictures import pictures_of

    def page(result: "Result") -> str:
        return report_page(result, truth.of(result.file), pictures_of(run, result))

    with ResultFolder(out, [result.file for result in results], {".html": page}) as folder:
        for result in results:
            folder.add(result)
    print(f"wrote {len(results)} results to {out}", file=sys.stderr)


def _draw(out: Path, results: "list[Result]", truth: "Truth", run: "CachedRun") -> None:
    from avel.pipeline.formats.names import ResultNames
    from avel.pipeline.report.attention import AttentionPictures  # slow: loads matplotlib

    pictures, names = AttentionPictures(out, [run], [out], truth), ResultNames()
    for result in results:
        drawn = pictures.draw(names.name(result.file), [result])
        if drawn.why_none:
            print(f"{result.file}: no picture of it: {drawn.why_none}", file=sys.stderr)
        for path in drawn.paths:
            print(path, file=sys.stderr)
