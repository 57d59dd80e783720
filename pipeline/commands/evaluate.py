"""`avel evaluate`: all numbers of a trained model on a split."""

import argparse
import json
from pathlib import Path

from avel.pipeline.commands import options

SUMMARY = "evaluate a trained model on a dataset's split"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="AVE-shaped dataset folder")
    parser.add_argument("--model", type=Path, help="checkpoint or run folder [the shipped one]")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test", help="[test]")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.datasets.ave import open_ave  # slow: loads torch
    from avel.pipeline.evaluate import evaluate
    from avel.pipeline.localizer import DEFAULT_MODEL, Localizer

    model = Localizer(args.model or DEFAULT_MODEL).path
    metrics = evaluate(open_ave(args.data), args.split, model, options.runtime(args))
    if args.json:
        print(json.dumps(metrics, indent=2))
        return 0
    print(
        f"split {args.split}: {metrics['coverage']['evaluated']} of "
        f"{metrics['coverage']['rows']} rows"
    )
    for video_id, why in metrics["coverage"]["missing"].items():
        print(f"  missing {video_id}: {why}")
    for decoder, value in metrics["accuracy"].items():
        print(f"segment accuracy, {decoder:>6} decoder  {value:.2%}")
    print(f"all background                 {metrics['all_background_accuracy']:.2%}")
    print(f"event F1 at tIoU 0.5           {metrics['event_f1']:.3f}")
    print(
        "mAP at tIoU                    "
        + "  ".join(f"{t}: {v:.3f}" for t, v in metrics["map"].items())
    )
    print("accuracy by class")
    for name, value in metrics["per_class"].items():
        print(f"  {value:7.2%}  {name}" if value == value else f"        -  {name}")
    return 0
