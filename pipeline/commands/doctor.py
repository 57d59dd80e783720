"""`avel doctor`: what is installed, found and usable, and what to do where it is not."""

import argparse
import json
import textwrap
from dataclasses import asdict
from pathlib import Path

from avel.pipeline.commands import options
from avel.pipeline.work.say import put, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.add_argument(
        "--audioclip",
        type=Path,
        metavar="SOUND",
        help="show what the amplitude convention does to a file",
    )
    options.add_weights(parser)
    options.add_cache_dir(parser)


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.report.checks import check_all

    if args.audioclip:
        return _amplitude(args)
    checks = list(check_all(args.cache_dir))
    if args.json:
        put(json.dumps([asdict(check) for check in checks], indent=2) + "\n")
    else:
        for check in checks:
            first, *more = _lines(check.found)
            say(f"{check.state:<8} {check.name:<18} {first}")
            for line in more:
                say(f"{'':<27} {line}")
            if check.remedy:
                say(f"{'':<27} -> {check.remedy}")
    return 4 if any(check.state == "missing" for check in checks) else 0


def _lines(found: str) -> list[str]:
    """What is found, in lines of a hundred letters; paths stay whole."""
    return textwrap.wrap(found, 100, break_long_words=False, break_on_hyphens=False) or [""]


def _amplitude(args: argparse.Namespace) -> int:
    from avel.pipeline.reasons import InputError, MediaError
    from avel.pipeline.report.amplitude import compare_amplitudes  # slow: loads torch and libav

    try:
        name, seconds = compare_amplitudes(args.audioclip, args.weights)
    except MediaError as err:
        raise InputError(f"--audioclip: {err}") from err
    say(f"{args.audioclip}: {len(seconds)} s, {name}; its convention is int16, [-32768, 32767]")
    say("second  level, int16 (dB)  level, [-1, 1] (dB)  cosine of the embeddings")
    for t, second in enumerate(seconds):
        say(f"{t:>6}  {second.right:>17.1f}  {second.wrong:>19.1f}  {second.likeness:>24.3f}")
    return 0
