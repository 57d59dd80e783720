"""`avel cache export | import`: features in layouts that other code reads and writes."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import options
from avel.pipeline.reasons import InputError
from avel.pipeline.work.say import say

if TYPE_CHECKING:
    from avel.pipeline.exchange.shards import Form

LAYOUTS = ("ave-h5", "npy", "webdataset", "parquet")


def add_arguments(parser: argparse.ArgumentParser, action: str) -> None:
    """Arguments of one action."""
    layouts = LAYOUTS if action == "export" else LAYOUTS[:1]
    parser.add_argument(
        "--layout", choices=layouts, default=LAYOUTS[0], help="how the files are laid out [ave-h5]"
    )
    if action == "import":
        parser.add_argument("--data", type=Path, required=True, help="AVE-shaped dataset folder")
        parser.add_argument("folder", type=Path, help="folder of the feature files")
        return
    parser.add_argument(
        "--data",
        type=Path,
        help="AVE-shaped dataset folder whose rows are written with their labels; ave-h5 needs one "
        "[all videos of the feature set]",
    )
    parser.add_argument(
        "--per-file",
        type=options.positive,
        metavar="N",
        help="videos of one file of webdataset or parquet [256]",
    )
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
    _check(args)
    if args.layout == "ave-h5":
        return _export_ave(args, root)
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.exchange.entries import Entries  # slow: loads torch
    from avel.pipeline.exchange.feature_sets import features_store
    from avel.pipeline.exchange.npy import export_all_npy, export_npy
    from avel.pipeline.exchange.shards import PER_FILE, export_shards
    from avel.pipeline.work.progress import track

    data = open_ave(args.data) if args.data else None
    store, missing_ok = features_store(root, args.store, data), args.allow_missing
    if args.layout == "npy" and data is not None:
        total, what = len(data.rows), "rows"
        done = export_npy(data, store, args.out, root, missing_ok=missing_ok)
    else:
        entries = Entries(store, root, data, missing_ok=missing_ok)
        total, what = len(entries.keys), "videos"
        if args.layout == "npy":
            done = export_all_npy(entries, args.out)
        else:
            per_file = args.per_file or PER_FILE
            done = export_shards(entries, args.out, _form(args.layout), args.layout, per_file)
    for _ in track(done, total, what):
        pass
    say(f"{args.out}: features {store.fingerprint[:12]} of {total} {what}, {args.layout}")
    return 0


def _check(args: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    if args.layout == "ave-h5" and args.data is None:
        raise InputError(
            "--layout ave-h5 has the rows of a dataset; give --data FOLDER, or another --layout "
            f"({', '.join(LAYOUTS[1:])})"
        )
    if args.per_file and args.layout not in LAYOUTS[2:]:
        raise InputError(f"--per-file {args.per_file}: goes with {' and '.join(LAYOUTS[2:])} alone")
    if args.float32 and args.layout != "ave-h5":
        raise InputError("--float32 goes with --layout ave-h5 alone; others keep what is cached")
    if args.allow_missing and args.data is None:
        raise InputError(
            "--allow-missing says what becomes of a dataset's rows; give --data FOLDER"
        )


def _form(layout: str) -> "Form":
    if layout == "parquet":
        from avel.pipeline.exchange.parquet import ParquetForm

        return ParquetForm()
    from avel.pipeline.exchange.webdataset import TarForm

    return TarForm()


def _export_ave(args: argparse.Namespace, root: Path) -> int:
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.exchange.ave_export import export_ave_h5  # slow: loads torch
    from avel.pipeline.exchange.feature_sets import features_store
    from avel.pipeline.work.progress import track

    data = open_ave(args.data)
    store, total = features_store(root, args.store, data), len(data.rows) + len(data.noisy)
    dtype = "float32" if args.float32 else "float64"
    done = export_ave_h5(data, store, args.out, root, dtype=dtype, missing_ok=args.allow_missing)
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
