"""`avel evaluate`: all numbers of a trained model on a split, or of results against annotations."""

import argparse
import json
from pathlib import Path
from typing import Any

from avel.pipeline.commands import against, annotated, options
from avel.pipeline.method.named import named
from avel.pipeline.reasons import InputError
from avel.pipeline.work.say import put, say
from avel.pipeline.work.talk import note


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="AVE-shaped dataset folder")
    parser.add_argument("--model", type=named, help="checkpoint or run folder [synthetic]")
    parser.add_argument("--split", choices=("train", "val", "test"), help="whose videos [test]")
    parser.add_argument(
        "--protocol",
        metavar="NAME",
        help="accuracy as a code base counts it: ave, psp, cmran, dmin, cmbs, magan, lavish, "
        "dg-sct, or all",
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="with --protocol: segment labels (labels.h5, right_labels.h5) "
        "[the protocol's file in the dataset folder, else the annotations]",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="also a page: classes, confusions, worst videos"
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    against.add_arguments(parser)
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    if args.against:
        return against.run(args)
    if args.data is None:
        raise InputError(
            "give --data DATASET, whose split a model is evaluated on, or --against ANNOTATIONS "
            "and results"
        )
    if args.results:
        raise InputError(f"{args.results[0]}: results are compared --against annotations")
    annotated.check_unsaid(args)
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.evaluation.run import check_question, evaluate_any
    from avel.pipeline.method.model import DEFAULT_MODEL, TrainedModel

    split = args.split or "test"
    check_question(split, args.protocol, args.labels)
    if args.out and args.protocol:
        raise InputError("--out writes a page of all numbers; leave --protocol out")
    kept: dict[str, Any] = {}
    model, data = TrainedModel(args.model or DEFAULT_MODEL), open_ave(args.data)
    run = None if model.path == DEFAULT_MODEL else args.model
    how = {"run": run, "protocol": args.protocol, "labels": args.labels}
    how |= {"keep": kept.update} if args.out else {}
    numbers = evaluate_any(data, split, model, options.runtime(args), **how)
    if args.out:
        _write_page(args.out, model.path, numbers, kept)
    if args.json:
        put(json.dumps(numbers, indent=2) + "\n")
    else:
        _show(numbers)
    return 0


def _write_page(out: Path, model: Path, numbers: dict[str, Any], kept: dict[str, Any]) -> None:
    from avel.pipeline.report.run_page import Evaluated, check_events, write_run_page

    check_events(numbers, str(model))
    note(f"wrote {write_run_page(out, Evaluated(model.stem, numbers, kept))}")


def _show_protocols(numbers: dict[str, Any]) -> None:
    for row in numbers["protocols"]:
        say(
            f"{row['protocol']:>7}  {row['accuracy']:7.2%}  {row['decoder']:<8}  "
            f"{row['selection']}; labels: {row['labels']}"
        )
        if row["note"]:
            say(f"{'':>7}  {row['note']}")
    _show_baselines(numbers)


def _show_matching(numbers: dict[str, Any]) -> None:
    _show_coverage(numbers)
    say(f"{numbers['queries']} queries; right is only the exact start")
    names = {"a2v": "sound asks, found in the picture (A2V)", "v2a": "picture asks (V2A)"}
    for way, value in numbers["accuracy"].items():
        say(f"{names[way]:<40} {value:.2%}")
    _show_baselines(numbers)


def _show_coverage(numbers: dict[str, Any]) -> None:
    coverage = numbers["coverage"]
    say(f"split {numbers['split']}: {coverage['evaluated']} of {coverage['rows']} rows")
    for video_id, why in coverage["missing"].items():
        say(f"  missing {video_id}: {why}")


def _show_baselines(numbers: dict[str, Any]) -> None:
    say("without a model")
    for name, value in numbers["baselines"].items():
        say(f"  {name:<38} {value:.2%}")


def _show(numbers: dict[str, Any]) -> None:
    for key, show in (("queries", _show_matching), ("protocols", _show_protocols)):
        if key in numbers:
            show(numbers)
            return
    _show_coverage(numbers)
    own = f"segment accuracy, {numbers['decoder']} (its own decoder)"
    say(f"{own:<40} {numbers['accuracy']['own']:.2%}")
    for decoder, value in numbers["accuracy"].items():
        if decoder not in ("own", numbers["decoder"]):
            say(f"  {decoder:<38} {value:.2%}")
    _show_baselines(numbers)
    say(f"event F1 at tIoU 0.5           {numbers['event_f1']:.3f}")
    say(
        "mAP at tIoU                    "
        + "  ".join(f"{t}: {v:.3f}" for t, v in numbers["map"].items())
    )
    say("accuracy by class")
    for name, value in numbers["per_class"].items():
        say(f"  {value:7.2%}  {name}" if value == value else f"        -  {name}")
