"""`avel weights`: which weight files there are, and getting them."""

import argparse
import os
import shutil
import sys
from pathlib import Path

SUMMARY = "weight files: ls, add, fetch, verify"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, what, argument in (
        ("ls", "list the known files and where they are", None),
        ("add", "check a file you have and put it where avel looks", "file"),
        ("fetch", "download a published file; resumes, checks its sha256", "name"),
        ("verify", "check every file found against the published sha256", None),
    ):
        sub = actions.add_parser(name, help=what, description=what)
        sub.set_defaults(action=name)
        if argument:
            sub.add_argument(argument, type=Path if argument == "file" else str)
        if name == "add":
            sub.add_argument("--as", dest="known_as", help="published name it goes by [its own]")


def run(args: argparse.Namespace) -> int:
    actions = {"ls": _ls, "add": _add, "fetch": _fetch, "verify": _verify}
    return actions[args.action](args)


def _names() -> list[str]:
    from avel.extractors import EXTRACTORS  # slow: loads torch
    from avel.extractors.registry import PUBLISHED

    return list(dict.fromkeys([*(e.file_name for e in EXTRACTORS.values()), *PUBLISHED]))


def _ls(args: argparse.Namespace) -> int:
    from avel.extractors.registry import PUBLISHED  # slow: loads torch
    from avel.extractors.weights import WeightsError, find_weights

    for name in _names():
        about = PUBLISHED[name].content if name in PUBLISHED else "in the package"
        try:
            found = find_weights(name)
            print(f"{name:<32} {found.found_in:<8} {found.path}")
        except WeightsError:
            size = PUBLISHED[name].num_bytes / 1e6 if name in PUBLISHED else 0
            print(f"{name:<32} missing  {about}, {size:.0f} MB: avel weights fetch {name}")
    return 0


def _add(args: argparse.Namespace) -> int:
    """Load the file into the model it is for, then copy it; nothing is replaced silently."""
    from avel.extractors import EXTRACTORS  # slow: loads torch
    from avel.extractors.weights import find_weights, user_folder

    found = find_weights(args.file.name, args.file)
    name = args.known_as or args.file.name
    kinds = [kind for kind in EXTRACTORS.values() if kind.file_name == name]
    if kinds:
        kinds[0](args.file)
    elif name not in _names():
        names = ", ".join(_names())
        print(f"avel: {name}: no weight file avel knows; give --as one of {names}", file=sys.stderr)
        return 2
    target = user_folder() / name
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{name}.{os.getpid()}.part")
    shutil.copyfile(args.file, temporary)
    os.replace(temporary, target)
    print(f"{target}  sha256 {found.sha256}{_verdict(name, found.sha256)}")
    return 0


def _fetch(args: argparse.Namespace) -> int:
    from avel.extractors.fetch import fetch  # slow: loads torch
    from avel.extractors.registry import PUBLISHED
    from avel.extractors.weights import user_folder
    from avel.pipeline.progress import track

    if args.name not in PUBLISHED:
        names = ", ".join(PUBLISHED)
        print(f"avel: {args.name}: not a published file; there are {names}", file=sys.stderr)
        return 2
    entry = PUBLISHED[args.name]
    for _ in track(fetch(entry, user_folder()), -(-entry.num_bytes >> 20), "MiB"):
        pass
    print(user_folder() / entry.name)
    return 0


def _verify(args: argparse.Namespace) -> int:
    from avel.extractors.weights import WeightsError, find_weights  # slow: loads torch

    other = 0
    for name in _names():
        try:
            found = find_weights(name)
        except WeightsError as err:
            if "not found" not in str(err):
                print(err)
                other += 1
            continue
        verdict = _verdict(name, found.sha256)
        other += "not the published" in verdict
        print(f"{name}  {found.sha256}{verdict}")
    return 3 if other else 0


def _verdict(name: str, sha256: str) -> str:
    from avel.extractors.registry import PUBLISHED

    if name not in PUBLISHED:
        return ""
    return ", as published" if PUBLISHED[name].sha256 == sha256 else ", not the published file"
