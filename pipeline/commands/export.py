"""`avel export`: a trained model for ONNX or torch.export, checked against itself."""

import argparse
from pathlib import Path

from avel.pipeline.method.named import named
from avel.pipeline.work.say import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=named, help="checkpoint or run folder [synthetic]")
    parser.add_argument(
        "--format", choices=("onnx", "torch-export"), default="onnx", help="what to write [onnx]"
    )
    parser.add_argument("--out", type=Path, help="file [model.onnx or model.pt2]")


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.exchange.runtimes import (  # slow: loads torch
        INPUTS,
        OUTPUTS,
        SUFFIXES,
        export,
    )
    from avel.pipeline.method.model import DEFAULT_MODEL, checkpoint

    out = args.out or Path(f"model{SUFFIXES[args.format]}")
    worst = export(checkpoint(args.model or DEFAULT_MODEL), args.format, out)
    say(f"{out}: {', '.join(INPUTS)} -> {', '.join(OUTPUTS)}; any batch size")
    say(f"largest difference from the model: {worst:.1e}")
    return 0
