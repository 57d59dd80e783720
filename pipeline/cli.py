"""The command line: arguments to a command, errors to one message and an exit code.

Importing this module and parsing arguments loads no numeric library, so `--help` is instant.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from avel.pipeline.commands import (
    ablate,
    attention,
    bench,
    cache,
    compare,
    doctor,
    evaluate,
    export,
    extract,
    localize,
    model,
    pretrain,
    synth,
    train,
    weights,
)

COMMANDS = {
    "localize": localize,
    "attention": attention,
    "extract": extract,
    "train": train,
    "evaluate": evaluate,
    "compare": compare,
    "ablate": ablate,
    "bench": bench,
    "export": export,
    "model": model,
    "synth": synth,
    "pretrain": pretrain,
    "cache": cache,
    "weights": weights,
    "doctor": doctor,
}

OK, UNEXPECTED, USAGE, SOME_FAILED, ENVIRONMENT, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 130, 143

ERROR_CODES = {
    "InputError": USAGE,
    "ConfigError": USAGE,
    "CheckpointError": USAGE,
    "LayoutError": USAGE,
    "WeightsError": ENVIRONMENT,
    "CacheError": ENVIRONMENT,
    "EnvironmentProblem": ENVIRONMENT,
    "OutOfMemory": ENVIRONMENT,
}
"""By name: naming the classes would load the libraries that their modules use."""


class Terminated(BaseException):
    """SIGTERM came; unwinds like Ctrl-C so that finished work is published."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    args = _parser().parse_args(_protect(sys.argv[1:] if argv is None else argv))
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return int(args.run(args))
    except KeyboardInterrupt:
        print("avel: interrupted; everything finished is kept, run again to go on", file=sys.stderr)
        return INTERRUPTED
    except Terminated:
        print("avel: terminated; everything finished is kept, run again to go on", file=sys.stderr)
        return TERMINATED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as err:
        if args.debug:
            raise
        return _explain(err)


def _explain(err: Exception) -> int:
    for kind in type(err).__mro__:
        if kind.__name__ in ERROR_CODES:
            print(f"avel: {err}", file=sys.stderr)
            return ERROR_CODES[kind.__name__]
    if isinstance(err, ValueError):
        print(f"avel: {err}", file=sys.stderr)
        return USAGE
    print(
        f"avel: unexpected {type(err).__name__}: {err} (run with --debug for the trace)",
        file=sys.stderr,
    )
    return UNEXPECTED


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _protect(argv: Sequence[str]) -> list[str]:
    """Files whose names start with "-" (a quarter of AVE's) must not be taken for options."""
    return [f"./{a}" if a.startswith("-") and len(a) > 1 and Path(a).exists() else a for a in argv]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="avel",
        description="Audio-visual event localization: what can be both seen and heard, and when.",
        epilog="exit codes: 0 ok, 1 unexpected, 2 usage or config, 3 some items failed, "
        "4 environment or weights missing, 130/143 stopped cleanly",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        sub = commands.add_parser(name, help=module.SUMMARY, description=module.SUMMARY)
        module.add_arguments(sub)
        sub.add_argument("--debug", action="store_true", help="show the trace of an error")
        sub.set_defaults(run=module.run)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # slow to import

        print(f"avel {version('avel')}")
        parser.exit()
