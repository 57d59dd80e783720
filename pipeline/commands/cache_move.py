"""`avel cache export | import`: features in layouts that other code reads and writes."""

import argparse
from pathlib import Path

from avel.pipeline.work.say import say


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Arguments of one action."""
    layouts = ("ave-h5", "npy") if action == "export" else ("ave-h5",)
    parser.add_argument("--layout", choices=layouts, default="ave-h5", help="[ave-h5]")
    parser.add_argument("--data", type=Path, required=True, help="AVE-shaped dataset folder")
    if action == "import":
        parser.add_argument("folder", type=Path, help="folder of the feature files")
        return
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument(
        "--store",
        default="",
        help="first letters of the features' fingerprint [the only set of the dataset]",
    )
    parser.add_argument(
        "--float32", action="store_true", help="half the size; the published files are float64"
    )
    parser.add_argument(
        "--allow-missing",
        action="store_true",
        help="zeros for videos without features, and no such background-only ones",
    )


def export(args: argparse.Namespace, root: Path) -> int:
    """Write features (T, ...) in a layout that other code reads."""
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.exchange.ave_export import export_ave_h5  # slow: loads torch
    from avel.pipeline.exchange.feature_sets import features_store
    from avel.pipeline.exchange.npy import export_npy
    from avel.pipeline.work.progress import track

    data = open_ave(args.data)
    store, total = features_store(root, args.store, data), len(data.rows)
    if args.layout == "npy":
        done = export_npy(data, store, args.out, root, missing_ok=args.allow_missing)
    else:
        dtype, missing_ok = "float32" if args.float32 else "float64", args.allow_missing
        done = export_ave_h5(data, store, args.out, root, dtype=dtype, missing_ok=missing_ok)
        total += len(data.noisy)
    for _ in track(done, total, "rows"):
        pass
    say(f"{args.out}: features {store.fingerprint[:12]} of {len(data.rows)} rows, {args.layout}")
    return 0


def import_(args: argparse.Namespace, root: Path) -> int:
    """Take feature files (N, 10, ...) that other code wrote."""
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.exchange.ave_import import import_ave_h5  # slow: loads torch
    from avel.pipeline.work.progress import track

    data = open_ave(args.data)
    store, rows = import_ave_h5(data, args.folder, root)
    for _ in track(rows, len(data.rows), "rows"):
        pass
    mark = store.fingerprint[:12]
    say(f"{args.folder}: {len(store)} rows are feature set {mark}")
    say(f"next: avel train --data {args.data} --set features={mark}")
    return 0
