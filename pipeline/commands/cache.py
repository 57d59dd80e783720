"""`avel cache`: look at the cache and keep it in order."""

import argparse
import json
from pathlib import Path

from avel.pipeline.commands import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, what in (
        ("ls", "list all stores"),
        ("info", "one store's recipe and numbers"),
        ("explain", "say why a file or run would miss"),
        ("verify", "read every item, and recompute a sample of features"),
        ("gc", "remove what nothing will ever read"),
        ("export", "write features in a layout that other code reads"),
        ("import", "take feature files that other code wrote"),
    ):
        sub = actions.add_parser(name, help=what, description=what)
        sub.set_defaults(action=name)
        options.add_cache_dir(sub)
        sub.add_argument("--json", action="store_true", help="print as JSON")
        if name in ("info", "verify"):
            sub.add_argument(
                "store",
                nargs="?" if name == "verify" else None,
                help="first letters of its fingerprint",
            )
        if name == "explain":
            sub.add_argument("file", nargs="?", type=Path, help="a video")
            sub.add_argument(
                "--frames", type=options.positive, help="frames per second [the encoder's]"
            )
            options.add_encoder(sub)
        if name == "verify":
            sub.add_argument(
                "--recompute",
                type=int,
                default=0,
                metavar="N",
                help="encode N items again and report the largest difference [0]",
            )
            options.add_weights(sub)
        if name in ("export", "import"):
            _add_layout(sub, name)
        if name == "gc":
            sub.add_argument(
                "--delete", action="store_true", help="really remove; without it only list"
            )
            sub.add_argument("--store", help="remove this whole store too")


def _add_layout(sub: argparse.ArgumentParser, name: str) -> None:
    layouts = ("ave-h5", "npy") if name == "export" else ("ave-h5",)
    sub.add_argument("--layout", choices=layouts, default="ave-h5", help="[ave-h5]")
    sub.add_argument("--data", type=Path, required=True, help="AVE-shaped dataset folder")
    if name == "import":
        sub.add_argument("folder", type=Path, help="folder of the feature files")
        return
    sub.add_argument("--out", type=Path, required=True, help="folder to write into")
    sub.add_argument(
        "--store",
        default="",
        help="first letters of the features' fingerprint [the only set of the dataset]",
    )
    sub.add_argument(
        "--float32", action="store_true", help="half the size; the published files are float64"
    )
    sub.add_argument(
        "--allow-missing",
        action="store_true",
        help="zeros for videos without features, and no such background-only ones",
    )


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.work.runtime import cache_root

    root = cache_root(args.cache_dir)[0]
    actions = {
        "ls": _ls,
        "info": _info,
        "explain": _explain,
        "verify": _verify,
        "gc": _gc,
        "export": _export,
        "import": _import,
    }
    return actions[args.action](args, root)


def _ls(args: argparse.Namespace, root: Path) -> int:
    from avel.cache.maintenance import stores, summarize  # slow: loads h5py

    rows = [summarize(store) for store in stores(root)]
    if args.json:
        print(json.dumps([{**vars(row), "damage": list(row.damage)} for row in rows]))
        return 0
    print(f"{root}")
    for row in rows:
        print(
            f"{row.stage:<9} {row.fingerprint[:12]}  {row.items:>8} items  {row.shards:>5} shards  "
            f"{row.num_bytes / 1e6:>9.1f} MB  {_name(dict(row.recipe))}"
        )
    if not rows:
        print("empty")
    return 0


def _name(recipe: dict) -> str:  # type: ignore[type-arg]
    config = recipe.get("config", {})
    if "imported" in config:
        return f"imported from {config['imported']}"
    return str(config.get("extractor") or ", ".join(f"{k}={v}" for k, v in config.items()))


def _info(args: argparse.Namespace, root: Path) -> int:
    from avel.cache.maintenance import find, summarize  # slow: loads h5py

    summary = summarize(find(root, args.store))
    print(json.dumps({**vars(summary), "damage": list(summary.damage)}, indent=2))
    return 0


def _explain(args: argparse.Namespace, root: Path) -> int:
    from avel.cache.fingerprint import ContentKeys  # slow: loads torch
    from avel.cache.maintenance import explain
    from avel.extractors import choose
    from avel.pipeline.media.cells import SegmentConfig
    from avel.pipeline.method.contents import identify
    from avel.pipeline.method.recipes import features_recipe, segments_recipe
    from avel.pipeline.method.stores import open_store

    encoder = choose(args.extractor, args.weights, options.encoder_options(args))
    frames = {"frames_per_cell": args.frames} if args.frames else {}
    segment = SegmentConfig(**{**encoder.cells, **frames})
    recipes = [segments_recipe(segment), features_recipe(segment, encoder.recipe)]
    source = identify(args.file, ContentKeys(root)) if args.file else None
    if source and source.error:
        print(source.error)
        return 3
    key = source.key if source else ""
    for recipe in recipes:
        print("\n".join(explain(root, recipe)))
        if key:
            there = key in open_store(root, recipe, make=False)
            print(f"  {args.file}: content {key[:12]}, {'hit' if there else 'miss'}")
    return 0


def _verify(args: argparse.Namespace, root: Path) -> int:
    from avel.cache.maintenance import find, stores, verify  # slow: loads h5py

    damaged = 0
    for store in [find(root, args.store)] if args.store else stores(root):
        sound, damage = verify(store)
        print(
            f"{store.stage:<9} {store.fingerprint[:12]}  {sound} sound items, {len(damage)} damaged"
        )
        for sentence in damage:
            print(f"  {sentence}")
        damaged += len(damage)
        if args.recompute and store.stage == "features":
            from avel.pipeline.method.recompute import recompute  # slow: loads torch

            count, worst = recompute(root, store, args.recompute, args.weights)
            print(f"  {count} items encoded again: largest difference {worst:.2e}")
    return 3 if damaged else 0


def _gc(args: argparse.Namespace, root: Path) -> int:
    from avel.cache.maintenance import collect, find, remove  # slow: loads h5py

    garbage = collect(root, delete=args.delete)
    for path, size in garbage:
        print(f"{path}  {size / 1e6:.1f} MB")
    freed = sum(size for _, size in garbage)
    if args.store:
        store = find(root, args.store)
        if args.delete:
            freed += remove(store)
        print(f"{store.folder}")
    print(f"{freed / 1e6:.1f} MB {'freed' if args.delete else 'can be freed with --delete'}")
    return 0


def _export(args: argparse.Namespace, root: Path) -> int:
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.exchange.ave_features import export_ave_h5, export_npy, features_store
    from avel.pipeline.work.progress import track
    from avel.pipeline.work.runtime import RuntimeConfig  # slow: loads torch

    data = open_ave(args.data)
    store = features_store(root, args.store, data)
    runtime, missing = RuntimeConfig(cache_dir=root), args.allow_missing
    if args.layout == "npy":
        done = export_npy(data, store, args.out, runtime, missing)
    else:
        dtype = "float32" if args.float32 else "float64"
        done = export_ave_h5(data, store, args.out, runtime, dtype, missing)
    for _ in track(done, len(data.rows) + (len(data.noisy) if args.layout != "npy" else 0), "rows"):
        pass
    print(f"{args.out}: features {store.fingerprint[:12]} of {len(data.rows)} rows, {args.layout}")
    return 0


def _import(args: argparse.Namespace, root: Path) -> int:
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.exchange.ave_features import import_ave_h5
    from avel.pipeline.work.progress import track
    from avel.pipeline.work.runtime import RuntimeConfig  # slow: loads torch

    data = open_ave(args.data)
    store, rows = import_ave_h5(data, args.folder, RuntimeConfig(cache_dir=root))
    for _ in track(rows, len(data.rows), "rows"):
        pass
    mark = store.fingerprint[:12]
    print(f"{args.folder}: {len(store)} rows are feature set {mark}")
    print(f"next: avel train --data {args.data} --set features={mark}")
    return 0
