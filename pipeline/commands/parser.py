"""Words of a command line to arguments; any file name may be among them."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from avel.pipeline.work.say import hint, put, shown

VALUES = {
    "--adapters": "PATH",
    "--as": "NAME",
    "--batch": "SEGMENTS",
    "--config": "NAME",
    "--device": "DEVICE",
    "--disk-bytes": "BYTES",
    "--epochs": "N",
    "--events": "FILE",
    "--extractor": "NAME",
    "--file-bytes": "BYTES",
    "--film-seconds": "SECONDS",
    "--films": "FILMS",
    "--frames": "FPS",
    "--free-bytes": "BYTES",
    "--host": "ADDRESS",
    "--keep-days": "DAYS",
    "--labels": "LABEL",
    "--map-dtype": "TYPE",
    "--model": "MODEL",
    "--name": "HOST",
    "--noisy": "SHARE",
    "--precision": "TYPE",
    "--queue": "JOBS",
    "--requests": "REQUESTS",
    "--seed": "NUMBER",
    "--store": "FINGERPRINT",
    "--template": "TEXT",
    "--threshold": "SHARE",
    "--timeout": "SECONDS",
    "--tolerance": "DIFFERENCE",
    "--uploads": "FILMS",
    "--workers": "PROCESSES",
}
"""What options take, by its unit where it has one; what is not here is a number or a path."""


def name_values(parser: argparse.ArgumentParser) -> None:
    """Let help say what each option takes, of a parser and its subcommands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                name_values(each)
        elif action.option_strings and action.nargs != 0 and not (action.metavar or action.choices):
            other = "PATH" if action.type is Path else "N"
            action.metavar = VALUES.get(action.option_strings[-1], other)


TELL_NOTHING = {"config", "completion", "doctor", "ls", "info", "explain", "summary"}
"""Commands and actions that print their answer, and have neither progress nor notes."""


def add_talk(parser: argparse.ArgumentParser, name: str) -> None:
    """How much is told, of a command of that name or of each of its actions."""
    actions = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    for action in actions:
        for each, sub in action.choices.items():
            add_talk(sub, each)
    if actions or name in TELL_NOTHING:
        return
    group = parser.add_argument_group("what is told (changes no result)")
    told = group.add_mutually_exclusive_group()
    told.add_argument(
        "-q", "--quiet", action="store_true", help="tell of failures alone, and show no progress"
    )
    told.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="tell of every item, every note in full, and at the end what it took",
    )


class Parser(argparse.ArgumentParser):
    """Takes names that begin with "-" (a quarter of AVE's) for what they are.

    A word that is an option is one, whatever file has its name, which is then given as `./--json`;
    a word after an option that takes one is its value; and a file that is there is a file.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.color = False  # newer Pythons draw help by control characters

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As argparse does, for subcommands too."""
        words = self._protected(sys.argv[1:] if args is None else list(args))
        return super().parse_known_args(words, namespace)

    def _protected(self, words: list[str]) -> list[str]:
        if self._subparsers:  # which know the options
            return words
        found: list[str] = []
        for number, word in enumerate(words):
            if word == "--":
                return found + words[number:]
            if self._is_option(word) or not word.startswith("-"):
                found.append(word)
            elif found and self._awaits(words[number - 1]):
                found[-1] = f"{found[-1]}={word}"
            else:
                found.append(f"./{word}" if len(word) > 1 and os.path.lexists(word) else word)
        return found

    def _is_option(self, word: str) -> bool:
        return word.partition("=")[0] in self._option_string_actions

    def _awaits(self, word: str) -> bool:
        """Whether a word is an option that takes one value, which is the next word."""
        action = self._option_string_actions.get(word)
        return action is not None and action.nargs is None

    def error(self, message: str) -> Any:
        """Say what is wrong in one line, and end with exit code 2."""
        super().error(shown(message))

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:
            (put if file is sys.stdout else hint)(message)
