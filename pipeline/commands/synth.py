"""`avel synth`: write a synthetic AVE dataset."""

import argparse
from pathlib import Path

from avel.pipeline.commands import options
from avel.pipeline.work.say import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, help="folder of the dataset")
    parser.add_argument("--videos", type=int, default=1000, help="annotated videos [1000]")
    parser.add_argument(
        "--noisy", type=float, default=0.15, help="background-only videos per annotated one [0.15]"
    )
    parser.add_argument("--seed", type=int, default=0, help="everything derives from it [0]")
    parser.add_argument(
        "--shift",
        action="store_true",
        help="other textures, timbres and noise than the shipped encoder was trained on",
    )
    parser.add_argument(
        "--only-test",
        type=options.positive,
        metavar="N",
        help="film N videos of the test split only",
    )
    parser.add_argument("--workers", type=int, help="processes [one per core]")


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.synth import looks, timbres  # slow: loads h5py
    from avel.pipeline.synth.dataset import write_synth
    from avel.pipeline.synth.script import SynthConfig
    from avel.pipeline.work.progress import track
    from avel.pipeline.work.runtime import default_workers

    config = SynthConfig(
        num_videos=args.videos,
        noisy_share=args.noisy,
        seed=args.seed,
        style=looks.SHIFTED if args.shift else looks.Style(),
        timbre=timbres.SHIFTED if args.shift else timbres.Timbre(),
    )
    total = args.only_test or args.videos + round(args.videos * args.noisy)
    workers = args.workers or default_workers()
    for _ in track(
        write_synth(args.out, config, workers, only_test=args.only_test), total, "videos"
    ):
        pass
    say(f"{args.out}: {total} videos")
    if not args.only_test:
        say(f"next: avel extract {args.out} && avel train --data {args.out}")
    return 0
