"""`avel extract`: features of many videos into the cache."""

import argparse
import json
import os
import signal
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import options
from avel.pipeline.commands.recipe import add_recipe, planned
from avel.pipeline.work.say import say, warn
from avel.pipeline.work.stopping import Stopping, Terminated
from avel.pipeline.work.talk import note

if TYPE_CHECKING:
    from avel.pipeline.batch.extraction import BatchConfig, Extraction
    from avel.pipeline.batch.tally import Tally
    from avel.pipeline.method.outcome import Outcome
    from avel.pipeline.method.plan import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    options.add_runtime(parser)
    options.add_batch(parser)


def run(args: argparse.Namespace) -> int:
    return extract(args, planned(args))


def extract(args: argparse.Namespace, plan: "Plan", command: Sequence[str] = ()) -> int:
    """Do as the arguments say; the exit code.

    Args:
        args: Of the command.
        plan: How videos are cut, and the encoder.
        command: Words that start a loop, in the place of the usual ones.

    Raises:
        InputError: the arguments do not go together, or not one file can be read.
        WeightsError: features must be made and the encoder's weights are missing.
        CacheError: the cache cannot be read or written.
        EnvironmentProblem: so many devices are not there, or lots cannot be claimed.
    """
    from avel.pipeline.batch.extraction import Extraction  # slow: loads h5py

    tell = _nobody if args.loop else warn  # who started the loop has said it
    with Stopping(apart=args.loop) as stopping:
        work = Extraction(args.inputs, plan, options.runtime(args), _batch(args), tell, stopping)
        if args.loop:
            return _as_a_loop(work, stopping)
        tally = _followed(args, work, command)
        stopping.end()
    for sentence in work.stores.features.damage:
        warn(f"damaged, computed again: {sentence}")
    for sentence in work.missing:
        warn(f"MISSING_FILE: {sentence}")
    _print(args.json, tally, work.stores.features.fingerprint)
    return 3 if tally.failures else 0


def _followed(args: argparse.Namespace, work: "Extraction", command: Sequence[str]) -> "Tally":
    """Do the work, and tell of it as it goes."""
    work.check(args.report)
    if work.spares_segments:
        note(
            "more than 1,000 videos: decoded pictures and sound are not cached, so other features "
            "of them are decoded anew; --segments caches them"
        )
    with ExitStack() as opened:
        tally = work.tally()
        if args.report:
            opened.callback(_report, args.report)  # when the journal is closed, whatever ended it
        journal = opened.enter_context(work.journal(args.report)) if args.report else None
        outcomes = opened.enter_context(closing(_outcomes(args, work, tally, command)))
        for outcome in tally.track(outcomes):
            if journal is not None:
                journal.add(outcome)
    return tally


def _nobody(sentence: str) -> None:
    """Hear nothing."""


def _batch(args: argparse.Namespace) -> "BatchConfig":
    """What the options say; a training that reads cells needs them of every video."""
    config = options.batch(args)
    if not args.config:
        return config
    from avel.pipeline.learning.experiment import load_experiment

    return replace(
        config, many_segments=args.segments or load_experiment(args.config).augment.enabled
    )


def _outcomes(
    args: argparse.Namespace, work: "Extraction", tally: "Tally", command: Sequence[str]
) -> "Generator[Outcome, None, None]":
    if args.devices == 1 and not args.cluster:
        return work.here(tally.progress.watch)
    # what `auto` came to here holds for all loops, or they would make two kinds of features
    return work.apart([*args.words[1:], "--decode", args.decode], command)


def _report(folder: Path) -> None:
    """Write the report of a folder that tells of this run; one that was refused gets none."""
    from avel.pipeline.batch.journal import VIDEOS
    from avel.pipeline.report.batch_page import write_report  # slow: loads Jinja2

    if (folder / VIDEOS).is_file():
        note(f"wrote {write_report(folder)}")


def _as_a_loop(work: "Extraction", stopping: Stopping) -> int:
    """Say each outcome to the process that started this one, which tells of an end."""
    from avel.pipeline.batch.launch import READY, to_line
    from avel.pipeline.media.confine import die_with

    die_with(os.getppid())
    failed = False
    try:
        say(READY)
        with closing(work.here()) as outcomes:
            for outcome in outcomes:
                failed = failed or outcome.reason is not None
                say(to_line(outcome))
        stopping.end()
    except Terminated:
        return 128 + signal.SIGTERM
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 3 if failed else 0


def _print(as_json: bool, tally: "Tally", mark: str) -> None:
    counts = {**tally.counts, "failed": tally.failures}
    if as_json:
        listed = [{"reason": reason, "message": text} for reason, text in sorted(tally.listed)]
        summary = {"videos": tally.total, **counts, "elsewhere": tally.elsewhere, "features": mark}
        balance = tally.balance.document()
        say(json.dumps({**summary, "failures": listed, "balance": balance}))
        return
    elsewhere = f", {tally.elsewhere} done elsewhere" if tally.elsewhere else ""
    say(
        f"{tally.total} videos: {counts['extracted']} extracted, {counts['cached']} cached, "
        f"{counts['failed']} failed{elsewhere}; features {mark[:12]}"
    )
    if tally.balance.sentence:
        say(tally.balance.sentence)
