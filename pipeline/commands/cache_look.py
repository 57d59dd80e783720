"""`avel cache ls | info | explain`: what there is, and why a run would miss."""

import argparse
import json
from pathlib import Path
from typing import Any

from avel.pipeline.commands import options
from avel.pipeline.reasons import InputError
from avel.pipeline.work.say import put, say


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Arguments of one action."""
    if action == "info":
        parser.add_argument("store", help="first letters of its fingerprint")
    if action == "explain":
        parser.add_argument("file", nargs="?", type=Path, help="a video")
        parser.add_argument(
            "--frames", type=options.positive, help="frames per second [the encoder's]"
        )
        options.add_encoder(parser)


def ls(args: argparse.Namespace, root: Path) -> int:
    """List all stores with their number of items and their size in MB, in JSON in bytes."""
    from avel.cache.maintenance import stores, summarize  # slow: loads h5py

    rows = [summarize(store) for store in stores(root)]
    if args.json:
        say(json.dumps([{**vars(row), "damage": list(row.damage)} for row in rows]))
        return 0
    say(f"{root}")
    for row in rows:
        say(
            f"{row.stage:<9} {row.fingerprint[:12]}  {row.items:>8} items  {row.shards:>5} shards  "
            f"{row.num_bytes / 1e6:>9.1f} MB  {_name(dict(row.recipe))}"
        )
    if not rows:
        say("empty")
    return 0


def _name(recipe: dict[str, Any]) -> str:
    config = recipe.get("config", {})
    if "imported" in config:
        return f"imported from {config['imported']}"
    return str(config.get("extractor") or ", ".join(f"{k}={v}" for k, v in config.items()))


def info(args: argparse.Namespace, root: Path) -> int:
    """One store's recipe, its number of items and its size in bytes."""
    from avel.cache.maintenance import find, summarize  # slow: loads h5py

    summary = summarize(find(root, args.store))
    put(json.dumps({**vars(summary), "damage": list(summary.damage)}, indent=2) + "\n")
    return 0


def explain(args: argparse.Namespace, root: Path) -> int:
    """Say what of the recipes would miss, and whether a file is there."""
    from avel.cache import maintenance  # slow: loads h5py
    from avel.cache.fingerprint import ContentKeys
    from avel.extractors import choose
    from avel.pipeline.method.contents import identify
    from avel.pipeline.method.plan import plan_features
    from avel.pipeline.method.stores import open_store, segments_recipe

    encoder = choose(args.extractor, args.weights, options.encoder_options(args))
    plan = plan_features(encoder, {"frames_per_cell": args.frames} if args.frames else {})
    source = identify(args.file, ContentKeys(root)) if args.file else None
    if source and source.error:
        raise InputError(str(source.error))
    for recipe in (segments_recipe(plan.segment), plan.features):
        say(*maintenance.explain(root, recipe))
        if source:
            there = source.key in open_store(root, recipe, make=False)
            say(f"  {args.file}: content {source.key[:12]}, {'hit' if there else 'miss'}")
    return 0
