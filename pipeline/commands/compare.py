"""`avel compare`: two runs on the same test videos."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from avel.pipeline.work.say import put, say
from avel.pipeline.work.talk import note


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, help="run folder")
    parser.add_argument("second", type=Path, help="run folder")
    parser.add_argument("--most", type=int, default=20, help="videos to list [20]")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="also a page of it")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.studies.compare import compare  # slow: loads scipy

    found = compare(args.first, args.second)
    if args.out:
        from avel.pipeline.report.compare_page import write_compare_page

        names = args.first.resolve().name, args.second.resolve().name
        note(f"wrote {write_compare_page(args.out, found, names)}")
    if args.json:
        put(json.dumps({**asdict(found), "difference": found.difference}, indent=2) + "\n")
        return 0
    low, high = found.interval
    surely = "" if low <= 0 <= high else ", surely better" if low > 0 else ", surely worse"
    say(f"{found.videos} videos that both were tested on")
    say(f"{found.accuracies[0]:6.2f} %  {args.first}")
    say(f"{found.accuracies[1]:6.2f} %  {args.second}")
    say(f"difference {found.difference:+.2f} points (95 %: {low:+.2f} to {high:+.2f}{surely})")
    say("by class: first, second, difference, segments")
    rows = sorted(found.classes.items(), key=lambda row: row[1][1] - row[1][0])
    for name, (first, second, count) in rows:
        if first != second:
            say(f"  {first:6.1f}  {second:6.1f}  {second - first:+6.1f}  {count:>5}  {name}")
    same = sum(first == second for first, second, _ in found.classes.values())
    say(f"  {same} classes alike")
    say(f"videos that changed: {len(found.changes)} (right segments of ten, first and second)")
    for change in found.changes[: args.most]:
        say(f"  {change.first:>2} -> {change.second:>2}  {change.video_id}  {change.label}")
    if len(found.changes) > args.most:
        say(f"  … {len(found.changes) - args.most} more, with --most")
    return 0
