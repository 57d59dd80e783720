"""`avel plan`: what an extraction will take, from a sample; nothing is changed."""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from avel.pipeline.commands import options
from avel.pipeline.commands.recipe import add_recipe, planned
from avel.pipeline.work.counted import counted
from avel.pipeline.work.say import say
from avel.pipeline.work.talk import note

STAGES = {
    "read_seconds": "read and hash",
    "decode_seconds": "decode",
    "encode_seconds": "encode",
    "wall_seconds": "all of it",
}
DISK = {"segments_bytes": "pictures and sound", "features_bytes": "features"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe(parser)
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.add_argument(
        "--sample", type=options.positive, default=8, metavar="N", help="files to try [8]"
    )
    parser.add_argument(
        "--devices",
        type=options.positive,
        default=1,
        help="loops, each with a device of its own [1]",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DIR",
        help="write the plan there too; `extract --report DIR` then says how far it was off",
    )
    options.add_runtime(parser)
    options.add_segments(parser)


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.batch.journal import check_folder  # slow: loads h5py
    from avel.pipeline.batch.plan import make_plan
    from avel.pipeline.formats.whole import write_whole

    options.check_segments(args)
    recipe, runtime = planned(args), options.runtime(args)
    if args.report:
        from avel.cache.fingerprint import fingerprint

        check_folder(args.report, fingerprint(recipe.features))
    plan = make_plan(
        args.inputs,
        recipe,
        runtime,
        devices=args.devices,
        sample=args.sample,
        many_segments=args.segments,
    )
    if args.report:
        write_whole(args.report / "plan.json", json.dumps(plan, indent=2) + "\n")
        note(f"wrote {args.report / 'plan.json'}")
    say(*([json.dumps(plan)] if args.json else _lines(plan)))
    return 0


def _lines(plan: Mapping[str, Any]) -> Iterator[str]:
    about = "" if plan["exact"] else "about "
    yield (
        f"{counted(plan['items'], 'video')}, {_bytes(plan['bytes'])}: {about}{plan['todo']} to do, "
        f"{plan['cached']} cached, {plan['missing'] + plan['unreadable']} that cannot be read, "
        f"{plan['left_out']} left out since they harmed their decoder"
    )
    expected = plan["expected"]
    if plan["todo"]:
        yield f"media: {_range(expected['media_seconds'], _time)}"
        for name, what in STAGES.items():
            yield f"  {what:<20}{_range(expected[name], _time)}"
        for name, what in DISK.items():
            yield f"  {what:<20}{_range(expected[name], _bytes)}"
    machine = plan["machine"]
    yield (
        f"{_bytes(plan['free_bytes'])} are free; for {counted(machine['loops'], 'loop')}, "
        f"{machine['workers']} decoders, {machine['cores']} cores, device {machine['device']}"
    )
    if sum(expected[name]["high"] for name in DISK) > plan["free_bytes"]:
        yield "the disk may be too small; --no-segments keeps no pictures and sound"
    if failed := plan["sample"]["failed"]:
        told = ", ".join(f"{count} {reason}" for reason, count in failed.items())
        yield f"of {sum(failed.values()) + len(plan['sample']['tried'])} tried files failed: {told}"
    yield from plan["examples"]
    yield from plan["why"]


def _range(each: Mapping[str, float], shown: Any) -> str:
    return f"{shown(each['likely'])} ({shown(each['low'])} to {shown(each['high'])})"


def _time(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def _bytes(count: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.1f} kB"
