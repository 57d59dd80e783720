"""The command line: arguments to a command, errors to one message and an exit code.

Importing this module and parsing arguments loads no numeric library, so `--help` is instant.
"""

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from avel.pipeline.commands.parser import Parser, add_talk, name_values
from avel.pipeline.work.say import NoStdout, in_any_encoding, put, say, warn
from avel.pipeline.work.stopping import Terminated
from avel.pipeline.work.talk import Talk, talking

COMMANDS = {
    "localize": "find the audio-visual events of videos",
    "report": "make pages of results that were written earlier, or of a training",
    "clip": "cut every event to a file of its own",
    "overlay": "write labels and scores on the pictures of a copy",
    "attention": "draw audio-guided attention over a video's frames, as a picture and as a video",
    "extract": "embed videos into the feature cache; run again to do only what is missing",
    "plan": "say what an extraction will take, and what is cached; it changes nothing",
    "dataset": "make a dataset of annotations: from-annotations",
    "teach": "teach events of your own, by a few labelled seconds each",
    "train": "train a localization model on cached features",
    "evaluate": "evaluate a trained model on a dataset's split",
    "compare": "compare two runs: the difference with its interval, and the videos that changed",
    "ablate": "train variants that differ in one setting, over seeds, and compare them",
    "bench": "train and evaluate every system of the field over seeds, in one leaderboard",
    "config": "the presets, and every setting with its value and what it means",
    "export": "write a trained model as ONNX or torch.export, and compare the two",
    "model": "a model's parts and parameters, and published weights: summary, import",
    "synth": "write a synthetic AVE dataset of real MP4s",
    "pretrain": "train the tiny AudioCLIP encoder on a synthetic dataset",
    "cache": "look at the cache: ls, info, explain, verify, gc, export, import",
    "weights": "weight files: ls, add, fetch, verify, convert",
    "serve": "serve a page for films in the browser, and the same by HTTP: drop, correct, teach",
    "doctor": "check versions, codecs, device, weights and cache",
    "completion": "print the script by which a shell completes commands, options and files",
}
"""Each is `commands/<name>.py`, which is imported when it is asked for."""

OK, UNEXPECTED, USAGE, SOME_FAILED, ENVIRONMENT, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 130, 143

ERROR_CODES = {
    "InputError": USAGE,
    "ConfigError": USAGE,
    "CheckpointError": USAGE,
    "ExtractorError": USAGE,
    "LayoutError": USAGE,
    "WeightsError": ENVIRONMENT,
    "CacheError": ENVIRONMENT,
    "EnvironmentProblem": ENVIRONMENT,
    "OutOfMemory": ENVIRONMENT,
}
"""By name: naming the classes would load the libraries that their modules use."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    _occupy_standard_streams()
    with in_any_encoding():
        words = list(sys.argv[1:] if argv is None else argv)
        try:
            return _run(words)
        except KeyboardInterrupt:
            warn("avel: interrupted; everything finished is kept, run again to go on")
            return INTERRUPTED
        except Terminated:
            warn("avel: terminated; everything finished is kept, run again to go on")
            return TERMINATED
        except NoStdout as err:  # a reader that has heard enough is no fault
            return OK if err.closed else _explain(err)
        except Exception as err:
            if "--debug" in words:
                raise
            return _explain(err)


def _run(words: list[str]) -> int:
    """Run the command that the words say, to the last byte of what it prints."""
    wanted = next((word for word in words if not word.startswith("-")), "")
    args = _parser(wanted).parse_args(words)
    args.words = words  # a command may start others like itself
    args.whole = lambda: _parser(*COMMANDS)  # or tell of all
    signal.signal(signal.SIGTERM, _terminate)
    with talking(_talk(args)):
        code = int(args.run(args))
    put("")  # what libraries have printed
    return code


def _talk(args: argparse.Namespace) -> Talk:
    if getattr(args, "quiet", False):
        return Talk.QUIET
    return Talk.VERBOSE if getattr(args, "verbose", False) else Talk.USUAL


def _occupy_standard_streams() -> None:
    """Open what was closed before the start, or a file of ours would get what is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _explain(err: Exception) -> int:
    for kind in type(err).__mro__:
        if kind.__name__ in ERROR_CODES:
            warn(f"avel: {err}")
            return ERROR_CODES[kind.__name__]
    warn(f"avel: unexpected {type(err).__name__}: {err} (run with --debug for the trace)")
    return UNEXPECTED


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _parser(*wanted: str) -> Parser:
    """The parser, with the arguments of the wanted commands alone: others are not imported."""
    parser = Parser(
        prog="avel",
        description="Audio-visual event localization: what can be both seen and heard, and when.",
        epilog="exit codes: 0 ok, 1 unexpected, 2 usage or config, 3 some items failed, "
        "4 environment or weights missing, 130/143 stopped cleanly",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the versions")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary)
        if name in wanted:
            module = importlib.import_module(f"avel.pipeline.commands.{name}")
            module.add_arguments(sub)
            add_talk(sub, name)
            name_values(sub)
            sub.add_argument("--debug", action="store_true", help="show the trace of an error")
            sub.set_defaults(run=module.run)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from avel.pipeline.commands.versions import versions  # slow: loads libav

        say(*versions())
        parser.exit()
