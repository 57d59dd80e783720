"""`avel weights`: which weight files there are, getting them, and one file from several."""

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from avel.extractors.weights.registry import Published


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, what in (
        ("ls", "list the known files and where they are"),
        ("add", "check a file you have and put it where avel looks"),
        ("fetch", "download a published file; resumes, checks its sha256"),
        ("verify", "check every file found against the published sha256"),
        ("convert", "write one or more files as one .safetensors under the extractor's names"),
    ):
        sub = actions.add_parser(name, help=what, description=what)
        sub.set_defaults(action=name)
        if name == "add":
            sub.add_argument("file", type=Path)
            sub.add_argument("--as", dest="known_as", help="published name it goes by [its own]")
        if name == "fetch":
            sub.add_argument("name")
        if name == "convert":
            sub.add_argument("files", nargs="+", type=Path)
            sub.add_argument("--extractor", default="audioclip", help="whose they are [audioclip]")
            sub.add_argument("--out", type=Path, required=True, help="the .safetensors to write")


def run(args: argparse.Namespace) -> int:
    actions = {"ls": _ls, "add": _add, "fetch": _fetch, "verify": _verify, "convert": _convert}
    return actions[args.action](args)


def _names() -> list[str]:
    from avel.extractors import EXTRACTORS  # slow: loads torch
    from avel.extractors.weights.registry import PUBLISHED

    own = [name for extractor in EXTRACTORS.values() for name in extractor.files]
    return list(dict.fromkeys([*own, *PUBLISHED]))


def _ls(args: argparse.Namespace) -> int:
    from avel.extractors.weights.files import WeightsError, find_file
    from avel.extractors.weights.registry import PUBLISHED  # slow: loads torch

    for name in _names():
        try:
            found = find_file(name)
            print(f"{name:<32} {found.found_in:<8} {found.path}")
        except WeightsError as err:
            print(f"{name:<32} missing  {_how_to_get(name, PUBLISHED.get(name), err)}")
    return 0


def _how_to_get(name: str, entry: "Published | None", error: Exception) -> str:
    if "not found" not in str(error):
        return str(error)
    if entry is None:
        return f"your own copy: avel weights add {name}"
    return f"{entry.content}, {entry.num_bytes / 1e6:.0f} MB: avel weights fetch {name}"


def _add(args: argparse.Namespace) -> int:
    """Load the file into the model it is for, then copy it; nothing is replaced silently."""
    from avel.extractors import EXTRACTORS  # slow: loads torch
    from avel.extractors.weights.files import find_weights, user_folder

    found = find_weights((), [args.file])
    name = args.known_as or args.file.name
    kinds = [kind for kind in EXTRACTORS.values() if name in kind.files]
    if kinds:
        kinds[0].load(found)
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
    from avel.extractors.weights.fetch import fetch  # slow: loads torch
    from avel.extractors.weights.files import user_folder
    from avel.extractors.weights.registry import PUBLISHED
    from avel.pipeline.work.progress import track

    if args.name not in PUBLISHED:
        names = ", ".join(PUBLISHED)
        print(f"avel: {args.name}: not a published file; there are {names}", file=sys.stderr)
        return 2
    entry = PUBLISHED[args.name]
    for _ in track(fetch(entry, user_folder()), -(-entry.num_bytes >> 20), "MiB"):
        pass
    print(user_folder() / entry.name)
    return 0


def _convert(args: argparse.Namespace) -> int:
    """Check that the files load, then write their tensors; the sources' sha256 go with them."""
    from safetensors.torch import save_file  # slow: loads torch

    from avel.extractors import Choice, choose

    if args.out.suffix != ".safetensors":
        print(f"avel: --out {args.out}: must end in .safetensors", file=sys.stderr)
        return 2
    chosen = choose(args.extractor, args.files)
    if not isinstance(chosen, Choice):
        print(f"avel: {args.extractor}: convert one extractor at a time", file=sys.stderr)
        return 2
    loaded = chosen.load()
    tensors = {k: v.contiguous() for k, v in loaded.tensors(chosen.weights).items()}
    sources = {f"source {file.path.name}": file.sha256 for file in chosen.weights.files}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    temporary = args.out.with_name(f".{args.out.name}.{os.getpid()}.part")
    save_file(tensors, temporary, sources)
    os.replace(temporary, args.out)
    print(f"{args.out}  {len(tensors)} tensors of {chosen.weights.source}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from avel.extractors.weights.files import WeightsError, find_file  # slow: loads torch

    other = 0
    for name in _names():
        try:
            found = find_file(name)
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
    from avel.extractors.weights.registry import PUBLISHED

    if name not in PUBLISHED:
        return ""
    return ", as published" if PUBLISHED[name].sha256 == sha256 else ", not the published file"
