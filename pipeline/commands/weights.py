"""`avel weights`: which weight files there are, getting them, and one file from several."""

import argparse
from pathlib import Path

from avel.pipeline.work.say import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for action, what in (
        (_ls, "list the known files and where they are"),
        (_add, "check a file you have and put it where avel looks"),
        (_fetch, "download a published file; resumes, checks its sha256"),
        (_verify, "check every file found against the published sha256"),
        (_convert, "write one or more files as one .safetensors under the extractor's names"),
    ):
        name = action.__name__.removeprefix("_")
        sub = actions.add_parser(name, help=what, description=what)
        sub.set_defaults(action=action)
        if name == "add":
            sub.add_argument("file", type=Path, help="as it was published")
            sub.add_argument("--as", dest="known_as", help="published name it goes by [its own]")
        if name == "fetch":
            sub.add_argument("name", help="a file of `ls`, or everyday for all of that model's")
        if name == "convert":
            sub.add_argument("files", nargs="+", type=Path, help="as they were published")
            sub.add_argument("--extractor", default="audioclip", help="whose they are [audioclip]")
            sub.add_argument("--out", type=Path, required=True, help="the .safetensors to write")


def run(args: argparse.Namespace) -> int:
    return int(args.action(args))


def _ls(args: argparse.Namespace) -> int:
    from avel.pipeline.exchange.weight_files import known_files

    for known in known_files():
        if known.found:
            said = f"{known.found.found_in:<8} {known.found.path}"
        else:
            said = f"missing  {known.how_to_get}"
        say(f"{known.name:<32} {said}{_comma(known.doubt)}")
    return 0


def _add(args: argparse.Namespace) -> int:
    from avel.pipeline.exchange.weight_files import add, verdict

    added = add(args.file, args.known_as)
    said = verdict(args.known_as or args.file.name, added.sha256)
    say(f"{added.path}  sha256 {added.sha256}{_comma(said)}")
    return 0


def _fetch(args: argparse.Namespace) -> int:
    from avel.pipeline.exchange.weight_files import fetch_published

    for entry, path in fetch_published(args.name):
        say(f"{path}  {entry.content}; licence {entry.licence}{_comma(entry.doubt)}")
    return 0


def _convert(args: argparse.Namespace) -> int:
    from avel.pipeline.exchange.weight_files import convert

    count, source = convert(args.extractor, args.files, args.out)
    say(f"{args.out}  {count} tensors of {source}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from avel.pipeline.exchange.weight_files import OTHER, known_files

    wrong = 0
    for known in known_files():
        if known.found:
            say(f"{known.name}  {known.found.sha256}{_comma(known.verdict)}")
            wrong += known.verdict.startswith(OTHER)
        elif not known.is_missing:
            say(known.problem)
            wrong += 1
    return 3 if wrong else 0


def _comma(verdict: str) -> str:
    return f", {verdict}" if verdict else ""
