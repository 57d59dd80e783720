"""`avel cache compare | merge`: two feature sets beside each other, and caches in one."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.pipeline.work.say import say, warn

if TYPE_CHECKING:
    from avel.cache.compare import ArrayDifference, Comparison
    from avel.cache.merge import Merged

LISTED = 5
"""Items named of each kind of difference; `--json` has all."""
MEASURES = ("absolute", "relative", "cosine")


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Arguments of one action."""
    if action == "merge":
        parser.add_argument(
            "folders", nargs="+", type=Path, metavar="FROM", help="cache folder to take from"
        )
        return
    for name in "ab":
        parser.add_argument(
            name,
            metavar=name.upper(),
            help="first letters of a fingerprint, or a cache folder that holds the same features",
        )
    parser.add_argument("--store", default="", help="which features, where two folders share many")
    parser.add_argument(
        "--tolerance",
        type=_tolerance,
        default=0.0,
        help="largest difference of two numbers that counts as none [0]",
    )


def _tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} must be 0 or greater")
    return value


def merge(args: argparse.Namespace, root: Path) -> int:
    """Take all that other caches hold into this one; says how many items and failures came."""
    from avel.cache.merge import merge as joined  # slow: loads h5py

    damage, rows = 0, []
    for folder in args.folders:
        for done in joined(folder, root):
            failed = _failures(folder, root, done)
            row = {"from": str(folder), **vars(done), "damage": list(done.damage)}
            rows.append({**row, "failures": failed})
            for sentence in done.damage:
                warn(f"damaged, left behind: {sentence}")
            damage += len(done.damage)
            if not args.json:
                say(
                    f"{done.stage:<9} {done.fingerprint[:12]}  {done.items} items in {done.shards} "
                    f"shards from {folder}; {done.there} shards were there"
                    + (f"; {failed} failures remembered" if failed else "")
                )
    if args.json:
        say(json.dumps(rows))
    return 3 if damage else 0


def _failures(source: Path, root: Path, done: "Merged") -> int:
    """Remember what failed of another cache's features; how many files."""
    if done.stage != "features":
        return 0
    from avel.cache.maintenance import open_by_folder  # slow: loads h5py
    from avel.pipeline.work.failures import failures_of

    there = open_by_folder(root, root / done.stage / done.fingerprint)
    made = set(there.keys())
    theirs = failures_of(source, done.fingerprint)
    return failures_of(root, done.fingerprint).take(theirs, made.__contains__)


def compare(args: argparse.Namespace, root: Path) -> int:
    """Say where two sets of features differ and by how much; 3 where by more than the tolerance."""
    from avel.cache.compare import compare as compared  # slow: loads h5py
    from avel.cache.fingerprint import ContentKeys
    from avel.cache.pair import find_pair
    from avel.pipeline.method.kept import widened
    from avel.pipeline.work.progress import track

    a, b = find_pair(root, args.a, args.b, args.store)
    steps = compared(a, b, widened)
    found = next(steps)
    for _ in track(steps, found.both, "items"):
        pass
    names: dict[str, str] = {}
    for store in (a, b):
        names |= ContentKeys(store.folder.parent.parent).names()
    alike = found.within(args.tolerance)
    if args.json:
        said = {"a": a.fingerprint, "b": b.fingerprint, "tolerance": args.tolerance, "alike": alike}
        say(json.dumps({**said, **_as_json(found, names)}))
    else:
        _print(found, names)
        say("alike" if alike else f"they differ by more than --tolerance {args.tolerance:g}")
    return 0 if alike else 3


def _print(found: "Comparison", names: dict[str, str]) -> None:
    def some(keys: list[str]) -> str:
        more = f", and {len(keys) - LISTED} more" if len(keys) > LISTED else ""
        return ", ".join(_name(key, names) for key in keys[:LISTED]) + more

    say(f"{found.both} items in both")
    for side, keys in zip("AB", found.only, strict=True):
        if keys:
            say(f"{len(keys)} items in {side} alone: {some(keys)}")
    if found.unreadable:
        say(f"{len(found.unreadable)} items damaged in one: {some(found.unreadable)}")
    for name, array in found.arrays.items():
        say(_sentence(name, array, names))
        if array.missing:
            say(f"  in one of the two alone, of {len(array.missing)} items: {some(array.missing)}")
        for what, odd in (("shape", array.shapes), ("dtype", array.dtypes)):
            if odd:
                key, (one, other) = next(iter(odd.items()))
                say(f"  {what} differs in {len(odd)} items: {_name(key, names)} {one} and {other}")
    for name, keys in found.fields.items():
        say(f"{name} differs in {len(keys)} items: {some(keys)}")


def _sentence(name: str, array: "ArrayDifference", names: dict[str, str]) -> str:
    if not array.unequal:
        return f"{name}: equal in {array.compared} items"
    worst = array.absolute, array.relative, array.cosine
    absolute, relative, cosine = (f"{w.value:.6g} ({_name(w.key, names)})" for w in worst)
    return (
        f"{name}: {array.unequal} of {array.compared} items differ, by at most {absolute}; "
        f"relative {relative}; lowest cosine {cosine}"
    )


def _as_json(found: "Comparison", names: dict[str, str]) -> dict[str, Any]:
    """The comparison in full; infinity is no number in JSON, and so it is text."""

    def worst(one: Any) -> dict[str, Any]:
        value = one.value if abs(one.value) < float("inf") else str(one.value)
        return {"value": value, "key": one.key, "item": names.get(one.key, "")}

    arrays = {
        name: {
            **vars(array),
            **{measure: worst(getattr(array, measure)) for measure in MEASURES},
        }
        for name, array in found.arrays.items()
    }
    only_a, only_b = found.only
    return {
        "items": {"both": found.both, "only_a": only_a, "only_b": only_b},
        "unreadable": found.unreadable,
        "arrays": arrays,
        "fields": found.fields,
    }


def _name(key: str, names: dict[str, str]) -> str:
    """Of an item: its file where that is known, else its key's first letters."""
    return names.get(key, key[:12])
