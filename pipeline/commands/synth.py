"""`avel synth`: write a synthetic AVE dataset."""

import argparse
from pathlib import Path

SUMMARY = "write a synthetic AVE dataset of real MP4s"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, help="folder of the dataset")
    parser.add_argument("--videos", type=int, default=1000, help="annotated videos [1000]")
    parser.add_argument(
        "--noisy", type=float, default=0.15, help="background-only videos per annotated one [0.15]"
    )
    parser.add_argument("--seed", type=int, default=0, help="everything derives from it [0]")
    parser.add_argument("--workers", type=int, help="processes [one per core]")


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.datasets.synth import SynthConfig, write_synth  # slow: loads h5py
    from avel.pipeline.progress import track
    from avel.pipeline.workers import default_workers

    config = SynthConfig(num_videos=args.videos, noisy_share=args.noisy, seed=args.seed)
    total = args.videos + round(args.videos * args.noisy)
    done = write_synth(args.out, config, args.workers or default_workers())
    for _ in track(done, total, "videos"):
        pass
    print(
        f"{args.out}: {total} videos; train on it with `avel extract {args.out}` and `avel train --data {args.out}`"
    )
    return 0
