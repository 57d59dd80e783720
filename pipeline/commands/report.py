"""`avel report`: pages of results that were written earlier, of trainings and of batches."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from avel.pipeline.batch.journal import VIDEOS
from avel.pipeline.commands import options
from avel.pipeline.formats.choice import chosen
from avel.pipeline.method.run_files import METRICS
from avel.pipeline.reasons import InputError
from avel.pipeline.work.counted import counted
from avel.pipeline.work.talk import note


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "results",
        nargs="+",
        type=Path,
        metavar="RESULT",
        help="a result's .json, the list of `localize --json`, a folder of them, "
        "a run folder, or that of `extract --report`",
    )
    parser.add_argument("--out", type=Path, help="folder of the pages [that of the first result]")
    parser.add_argument(
        "--films", type=Path, metavar="FOLDER", help="where the films are now [where they were]"
    )
    parser.add_argument(
        "--truth", type=Path, help="AVE-shaped folder whose annotations to show beside"
    )
    options.add_formats(parser, usual=())
    parser.add_argument(
        "--proxy",
        action="store_true",
        help="make a small copy, beside its page, of a film that browsers do not play",
    )


def run(args: argparse.Namespace) -> int:
    runs = [path for path in args.results if (path / METRICS).is_file()]
    batches = [path for path in args.results if (path / VIDEOS).is_file()]
    results = [path for path in args.results if path not in (*runs, *batches)]
    formats = chosen(args.format) if args.format else ()
    if formats and not results:
        raise InputError(
            "--format writes events of results; give a result's .json, or their folder"
        )
    if args.out and (len(runs) > 1 or len(batches) + bool(results) > 1):
        raise InputError(
            f"--out {args.out}: pages of several runs have one name; leave it out, so that each "
            "stands in its own folder, or give them one by one"
        )
    _of_runs(runs, args.out)
    _of_batches(batches, args.out)
    return _of_results(results, args, formats) if results else 0


def _of_runs(runs: list[Path], out: Path | None) -> None:
    from avel.pipeline.report.run_page import read_run, write_run_page  # slow: loads numpy

    for run in runs:
        note(f"wrote {write_run_page(out or run, read_run(run))}")


def _of_batches(batches: list[Path], out: Path | None) -> None:
    from avel.pipeline.report.batch_page import write_report  # slow: loads Jinja2

    for folder in batches:
        note(f"wrote {write_report(folder, out)}")


def _of_results(paths: list[Path], args: argparse.Namespace, formats: Sequence[str]) -> int:
    from avel.pipeline.datasets.truth import read_truth
    from avel.pipeline.formats.read import read_results  # slow: loads numpy
    from avel.pipeline.report.again import report_again

    written = [each for path in paths for each in read_results(path)]
    if not written:
        raise InputError(
            f"{', '.join(map(str, paths))}: holds no result; run `avel localize` again"
        )
    out = args.out or written[0].path.parent
    how = {"films": args.films, "proxy": args.proxy, "formats": formats}
    index = report_again(out, written, read_truth(args.truth), **how)
    films = {each.result.file for each in written}  # of two results of a film the later counts
    note(f"wrote {counted(len(films), 'page')} to {out}; {index} shows all")
    return 0
