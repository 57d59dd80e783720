"""`avel completion`: a script by which a shell completes commands, options and files.

It is made once and run by the shell alone, so that a press of TAB starts no Python.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.pipeline.work.say import put

if TYPE_CHECKING:
    from avel.pipeline.commands.parser import Parser

SHELLS = ("bash", "zsh", "fish", "tcsh")
FILES = ("inputs", "paths", "files", "videos", "data", "run", "runs", "model")
"""Arguments that take files although they are not typed so."""
WHERE = {
    "bash": "~/.local/share/bash-completion/completions/avel",
    "zsh": "a folder of $fpath, as _avel",
    "fish": "~/.config/fish/completions/avel.fish",
    "tcsh": "a file that ~/.cshrc sources",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="whose script is printed")
    places = "\n".join(f"  {shell:<6} {place}" for shell, place in WHERE.items())
    parser.epilog = f"where the shells look for it:\n{places}"
    parser.formatter_class = argparse.RawDescriptionHelpFormatter  # paths stay whole


def run(args: argparse.Namespace) -> int:
    put(script(args.whole(), args.shell))
    return 0


def script(parser: "Parser", shell: str) -> str:
    """The script of a shell, for a parser that knows the arguments of every command."""
    import shtab  # for those who ask for it

    for action in _actions(parser):
        if _takes_files(action):
            action.complete = shtab.FILE
    return str(shtab.complete(parser, shell)) + "\n"


def _actions(parser: argparse.ArgumentParser) -> Iterator[Any]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for each in dict.fromkeys(action.choices.values()):
                yield from _actions(each)


def _takes_files(action: argparse.Action) -> bool:
    if action.choices is not None or action.nargs == 0:
        return False
    return action.type is Path or action.dest in FILES
