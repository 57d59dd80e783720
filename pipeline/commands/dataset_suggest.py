"""`avel dataset suggest`: which seconds to label next."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import options
from avel.pipeline.formats.choice import known, separated
from avel.pipeline.method.named import named
from avel.pipeline.reasons import InputError
from avel.pipeline.work.say import say, warn

if TYPE_CHECKING:
    from avel.pipeline.annotations.space import Array
    from avel.pipeline.annotations.suggest import Suggestion
    from avel.pipeline.annotations.windows import Window
    from avel.pipeline.method.extract import Features
    from avel.pipeline.method.results import Result

READ_BACK = ("labelstudio", "eaf", "audacity", "raven", "textgrid", "webvtt", "srt", "csv", "tsv")
"""Formats that `from-annotations` reads."""
NEEDED = ("visual", "audio", "visual_mask", "audio_mask")
"""Arrays (T, D) and (T,) that windows are compared by."""
SHOWN = 10
"""Suggestions that are printed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "results",
        nargs="+",
        type=Path,
        metavar="RESULT",
        help="a result's .json, the list of `localize --json`, or a folder of them",
    )
    parser.add_argument(
        "--count",
        type=options.positive,
        default=50,
        metavar="N",
        help="stretches of at most ten seconds [50]",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="folder of the tasks"
    )
    parser.add_argument(
        "--labelled",
        type=Path,
        nargs="+",
        default=[],
        metavar="ANNOTATIONS",
        help="what is labelled already, files or folders as for from-annotations; it is not asked "
        "for again",
    )
    parser.add_argument(
        "--format",
        nargs="+",
        default=["labelstudio"],
        metavar="FORMAT",
        help=f"of the tasks, one or more: {', '.join(READ_BACK)} [labelstudio]",
    )
    group = parser.add_argument_group("features in the cache, by which films are compared")
    group.add_argument(
        "--model", type=named, help="by which the results were made, as for localize [everyday]"
    )
    options.add_weights(group)
    options.add_cache_dir(group)


def run(args: argparse.Namespace) -> int:
    tools = [_format(word) for word in separated(args.format)]
    from avel.pipeline.annotations.known import known_of  # slow: loads numpy
    from avel.pipeline.annotations.reading import files_in, read
    from avel.pipeline.annotations.suggest import suggest
    from avel.pipeline.annotations.tasks import TABLE, write_tasks
    from avel.pipeline.annotations.windows import windows_of

    results = _results(args.results)
    windows = [window for n, result in enumerate(results) for window in windows_of(n, result)]
    sheets = [s for path in (files_in(args.labelled) if args.labelled else ()) for s in read(path)]
    labelled = known_of(sheets, results)
    taken = [labelled.holds(window) for window in windows]
    if all(taken):
        raise InputError(
            f"nothing is left to label: annotations are about all {len(results)} film(s); give "
            "results of others"
        )
    points = _points(args, windows, results)
    found = suggest(windows, points, args.count, labelled=taken, labels=labelled.labels)
    write_tasks(args.out, results, found, tools, warn)
    _tell(found, results, args.out / TABLE)
    return 0


def _format(word: str) -> str:
    name = known(word)
    if name not in READ_BACK:
        raise InputError(
            f"--format {word}: does not come back as annotations; give {', '.join(READ_BACK)}"
        )
    return name


def _results(paths: Sequence[Path]) -> "list[Result]":
    """Those that say something; of two of one film the later."""
    from avel.pipeline.formats.read import read_results

    given = {each.result.file: each.result for path in paths for each in read_results(path)}
    usable = [result for result in given.values() if result.relevance]
    if len(usable) < len(given):
        warn(f"note: {len(given) - len(usable)} of {len(given)} film(s) failed and are left out")
    if not usable:
        raise InputError(
            f"{', '.join(map(str, paths))}: no film in it was localized; run `avel localize`"
        )
    return usable


def _points(
    args: argparse.Namespace, windows: "Sequence[Window]", results: "Sequence[Result]"
) -> "Array":
    """Where windows are by their films' features; where these are missing, by what is named."""
    from avel.extractors.weights.files import MissingWeights
    from avel.pipeline.annotations.space import points_of_features, points_of_words

    missing: list[str] = []
    try:
        points = points_of_features(windows, _reader(args, results, missing))
    except MissingWeights as err:
        if args.model or args.weights:
            raise
        warn(f"note: films are compared by what the results name; {err}")
        return points_of_words(windows, results)
    if points is not None:
        return points
    warn(
        f"note: {missing[0]} has no features in the cache, so films are compared by what the "
        "results name; `avel localize` it with this cache and model to compare all by features"
    )
    return points_of_words(windows, results)


def _reader(
    args: argparse.Namespace, results: "Sequence[Result]", missing: list[str]
) -> "Callable[[int], Features | None]":
    from avel.cache.errors import CacheError
    from avel.pipeline.method.plan import PipelineConfig
    from avel.pipeline.method.run import read_features
    from avel.pipeline.work.runtime import cache_root

    config = PipelineConfig(model=args.model, weights=tuple(args.weights))
    stores = options.plan_or_fetch(config).stores(cache_root(args.cache_dir)[0])

    def features_of(film: int) -> "Features | None":
        file = results[film].file
        try:
            return read_features(stores.features, stores.keys.key(Path(file)), NEEDED)
        except (OSError, CacheError, InputError):
            missing.append(file)
            return None

    return features_of


def _tell(found: "Sequence[Suggestion]", results: "Sequence[Result]", table: Path) -> None:
    from avel.pipeline.annotations.tasks import why

    for each in found[:SHOWN]:
        window, result = each.window, results[each.window.film]
        times = f"{window.start}-{min(window.stop, result.duration):g} s"
        say(f"{each.worth:.2f}  {result.file}  {times}  {window.guess or '-'}: {why(each)}")
    if len(found) > SHOWN:
        say(f"... and {len(found) - SHOWN} more")
    films = len({each.window.film for each in found})
    say(f"{table}: {len(found)} stretch(es) of {films} film(s)")
