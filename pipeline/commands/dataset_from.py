"""`avel dataset from-annotations`: what people wrote about films as a dataset."""

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import annotated, options
from avel.pipeline.work.say import say, warn

if TYPE_CHECKING:
    from avel.pipeline.annotations.rows import Row


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="annotations of ELAN, Audacity, Raven, Praat, Label Studio, CVAT, WebVTT, SubRip or "
        "tables, or results of avel; or folders of them",
    )
    parser.add_argument(
        "--media", type=Path, required=True, metavar="FOLDER", help="where the films lie, or below"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DATASET", help="folder of the dataset"
    )
    annotated.add_rules(parser)
    group = parser.add_argument_group("the dataset")
    group.add_argument("--copy", action="store_true", help="copy whole films [link them]")
    group.add_argument(
        "--held-out",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="of each label's films for validation, and as many for the test [0.1]",
    )
    group.add_argument(
        "--background",
        type=int,
        metavar="N",
        help="pieces without an event at most [as many as with one, and ten at least]",
    )
    options.add_cache_dir(parser)


def run(args: argparse.Namespace) -> int:
    rules = annotated.rules(args)
    from avel.cache.fingerprint import ContentKeys
    from avel.pipeline.annotations.dataset import claim_folder, write_dataset  # slow: loads numpy
    from avel.pipeline.annotations.films import Films
    from avel.pipeline.annotations.gather import gather
    from avel.pipeline.annotations.lengths import footage_of
    from avel.pipeline.annotations.reading import files_in, read
    from avel.pipeline.annotations.rows import Layout, plan_rows
    from avel.pipeline.media.apart import Apart
    from avel.pipeline.work.progress import track
    from avel.pipeline.work.runtime import cache_root

    layout, films = Layout(args.held_out, args.background), Films.below(args.media)
    sheets = [sheet for path in files_in(args.inputs) for sheet in read(path, args.tier)]
    if args.out.exists():  # so that a folder that is refused costs nobody an hour of reading films
        claim_folder(args.out)
    keys = ContentKeys(cache_root(args.cache_dir)[0])
    with Apart() as apart:
        gathered = gather(sheets, films, lambda path: footage_of(apart, path), rules, args.merge)
        annotated.tell(gathered)
        planned = plan_rows(gathered.films, keys.key, layout)
        for sentence in planned.notes:
            warn(f"note: {sentence}")
        written = write_dataset(args.out, planned, apart, copied=args.copy)
        made = dict(track(written, len(planned.rows), "videos"))
    problems = [*planned.problems, *filter(None, made.values())]
    for sentence in problems:
        warn(f"left out: {sentence}")
    _tell(args.out, [row for row in planned.rows if not made[row.video_id]])
    return 3 if gathered.problems or problems else 0


def _tell(out: Path, rows: "list[Row]") -> None:
    events = [row for row in rows if row.piece.label]
    splits = Counter(row.split for row in events)
    counted = ", ".join(f"{split} {splits[split]}" for split in ("train", "val", "test"))
    empty, films = len(rows) - len(events), len({row.film.path for row in rows})
    say(f"{out}: {len(events)} rows of {films} films ({counted}), {empty} without an event")
    labels = dict.fromkeys(str(row.piece.label) for row in events)
    width = max(map(len, labels))
    for label in labels:
        own = [row for row in events if row.piece.label == label]
        seconds = sum(row.piece.offset - row.piece.onset for row in own)
        count = len({row.film.path for row in own})
        say(f"  {label:<{width}}  {count:>3} film(s)  {seconds:>5} s")
    for split in ("val", "test"):
        if not splits[split]:
            warn(
                f"note: split '{split}' is empty: no label has enough films; `avel teach` needs "
                "none, `avel train` does: --held-out 0.3"
            )
    say(f"next: avel teach --from {out} --out my-events")
