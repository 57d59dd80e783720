"""`avel cache verify | gc`: whether what is there is whole, and what can go."""

import argparse
import contextlib
import json
from pathlib import Path

from avel.pipeline.commands import options
from avel.pipeline.work.say import say, warn


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Arguments of one action."""
    if action == "verify":
        parser.add_argument("store", nargs="?", help="first letters of its fingerprint")
        parser.add_argument(
            "--recompute",
            type=options.positive,
            default=0,
            metavar="N",
            help="encode N items of each store of features again; says the largest difference [0]",
        )
        options.add_weights(parser)
        parser.add_argument(
            "--adapters", type=Path, help="adapters (run folder or file) of corrected features"
        )
    else:
        parser.add_argument(
            "--delete", action="store_true", help="really remove; without it only list"
        )
        parser.add_argument("--store", help="remove this whole store too")


def verify(args: argparse.Namespace, root: Path) -> int:
    """Read every item, and recompute a sample of features; says how many items are sound."""
    from avel.cache import maintenance  # slow: loads h5py

    damaged = 0
    for store in [maintenance.find(root, args.store)] if args.store else maintenance.stores(root):
        sound, damage = maintenance.verify(store)
        mark = f"{store.stage:<9} {store.fingerprint[:12]}"
        say(f"{mark}  {sound} sound items, {len(damage)} damaged")
        for sentence in damage:
            say(f"  {sentence}")
        damaged += len(damage)
        if args.recompute and store.stage == "features":
            from avel.pipeline.method.recompute import recompute  # slow: loads torch

            found = recompute(root, store, args.recompute, args.weights, args.adapters)
            say(
                f"  {found.compared} items encoded again: largest difference {found.difference:.2e}"
            )
            if found.skipped:
                say(f"  {found.skipped} items skipped: {found.why}")
    return 3 if damaged else 0


def gc(args: argparse.Namespace, root: Path) -> int:
    """Remove what nothing will ever read; says its size in MB, in JSON in bytes."""
    from avel.cache import maintenance  # slow: loads h5py
    from avel.cache.store import ABOUT

    garbage = [*maintenance.collect(root, delete=args.delete), *_of_loops(root, args.delete)]
    for folder, count in maintenance.nameless(root):
        warn(
            f"{folder}: has no {ABOUT}, and {count} sound shards, which are kept; run "
            "what made them again, which writes it anew, or delete the folder"
        )
    if args.store:
        store = maintenance.find(root, args.store)
        garbage.append((store.folder, maintenance.remove(store, delete=args.delete)))
    freed = sum(size for _, size in garbage)
    if args.json:
        listed = [{"path": str(path), "bytes": size} for path, size in garbage]
        say(json.dumps({"deleted": args.delete, "bytes": freed, "garbage": listed}))
        return 0
    for path, size in garbage:
        say(f"{path}  {size / 1e6:.1f} MB")
    say(f"{freed / 1e6:.1f} MB {'freed' if args.delete else 'can be freed with --delete'}")
    return 0


def _of_loops(root: Path, delete: bool) -> list[tuple[Path, int]]:
    """What killed loops left where they met, with its bytes."""
    from avel.pipeline.work.claims import rubbish

    found = []
    for folder in sorted(root.glob("work/*")):
        left = rubbish(folder)
        found += [(path, path.stat().st_size) for path in left]
        for path in left if delete else ():
            path.unlink(missing_ok=True)
        for empty in (folder / "claims", folder / "done", folder) if delete else ():
            with contextlib.suppress(OSError):  # where anybody works, or anything failed
                empty.rmdir()
    return found
