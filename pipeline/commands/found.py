"""Results for commands that go on from them: made earlier, or by localizing first."""

import argparse
from collections.abc import Iterator
from contextlib import closing
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import options
from avel.pipeline.method.decoders import decoder_of
from avel.pipeline.method.named import named
from avel.pipeline.reasons import InputError
from avel.pipeline.work.say import warn

if TYPE_CHECKING:
    from avel.pipeline.method.results import Result


def add_shared(parser: argparse.ArgumentParser, out: str) -> None:
    """What such commands share: films or results, `--out` with what it is for, and which events."""
    _add_source(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help=out)
    _add_choice(parser)
    options.add_weights(parser)
    options.add_runtime(parser)


def _add_source(parser: argparse.ArgumentParser) -> None:
    """Films to localize, or results of them."""
    parser.add_argument(
        "inputs", nargs="*", help="video files, folders, or lists (.txt), to localize first"
    )
    parser.add_argument(
        "--results",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="results made earlier, instead of inputs: a .json, the list of `localize --json`, "
        "or a folder of them; again for more",
    )
    parser.add_argument(
        "--model", type=named, help="everyday, synthetic, or a path, as for localize [everyday]"
    )
    parser.add_argument("--labels", nargs="+", help="words to localize with no training")
    parser.add_argument("--threshold", type=float, help="as for localize [the model's own]")


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """Which of the events: labels, and a least score in [0, 1]."""
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="LABEL",
        help="of events that are wanted; again for more [all]",
    )
    parser.add_argument(
        "--min-score", type=float, default=0.0, metavar="SHARE", help="least score, 0 to 1 [0]"
    )


def check_source(args: argparse.Namespace) -> None:
    """Refuse what does not go together, before anything slow is loaded.

    Raises:
        InputError: both are given, or none, or what would be ignored.
    """
    if bool(args.inputs) == bool(args.results):
        raise InputError("give videos to localize, or --results of an earlier run: one of the two")
    if args.results and (args.model or args.labels or args.threshold is not None):
        raise InputError("--results are made: --model, --labels and --threshold need videos")


class Found:
    """Results that can be gone on from; the others are told of.

    Attributes:
        failed: Whether one of them could not be, so far.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self._args, self.failed = args, False

    def __iter__(self) -> "Iterator[tuple[Result, Path]]":
        """Each result, with times in seconds, and where its film lies now; in their order.

        Raises:
            InputError: there is none, or a file is no result.
        """
        args = self._args
        for result, film in _earlier(args.results) if args.results else _localized(args):
            if result.status == "failed":
                self.fail(f"{result.file}: {', '.join(result.reasons)}: {result.message}")
            else:
                yield result, film

    def fail(self, sentence: str) -> None:
        """Tell that something was not done."""
        warn(sentence)
        self.failed = True


def _earlier(paths: list[Path]) -> "Iterator[tuple[Result, Path]]":
    from avel.pipeline.formats.read import read_results  # slow: loads numpy

    for path in paths:
        for written in read_results(path):
            yield written.result, film_of(written.result.file, written.path)


def film_of(file: str, written: Path) -> Path:
    """A film by the path that its result has: from here, else from where the result lies.

    The path as it is where neither leads to a file.
    """
    film = Path(file)
    places = (film, written.parent / film, written.parent.parent / film, written.parent / film.name)
    return next((place for place in places if place.is_file()), film)


def _localized(args: argparse.Namespace) -> "Iterator[tuple[Result, Path]]":
    from avel.pipeline.media.inputs import expand
    from avel.pipeline.method.labels import read_labels
    from avel.pipeline.method.plan import PipelineConfig
    from avel.pipeline.method.run import localize
    from avel.pipeline.work.order import in_order
    from avel.pipeline.work.progress import Progress

    paths, runtime = list(dict.fromkeys(expand(args.inputs, warn))), options.runtime(args)
    config = PipelineConfig(
        model=args.model,
        labels=() if args.labels is None else read_labels(args.labels),
        weights=tuple(args.weights),
        events=decoder_of(None, args.threshold),
    )
    plan, files = options.plan_or_fetch(config), [str(path) for path in paths]
    progress = Progress(len(paths), "videos", quiet=len(paths) == 1)
    with closing(localize(paths, plan, runtime, watch=progress.watch)) as found:
        for result in in_order(progress.track(found), files, attrgetter("file")):
            yield result, Path(result.file)
