"""Which features a command means: an encoder with its options, or those of a training's config."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.pipeline.commands import options
from avel.pipeline.reasons import EnvironmentProblem
from avel.pipeline.work.say import warn

if TYPE_CHECKING:
    from avel.pipeline.method.plan import Plan


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """Files, and the encoder whose features they get."""
    parser.add_argument("inputs", nargs="+", help="files, folders, lists (.txt), or an AVE folder")
    parser.add_argument(
        "--frames", type=options.positive, help="frames per second [16 for vgg19, else 1]"
    )
    parser.add_argument(
        "--arrays",
        metavar="NAME[,NAME...]",
        help="what is kept of the features: visual, visual_map, audio, visual_scores, "
        "audio_scores, faces [all that the encoder gives]; the map is nearly all of the bytes",
    )
    parser.add_argument(
        "--map-dtype", help="how the map is kept: float16, or int8 of half the size [float16]"
    )
    parser.add_argument(
        "--decode",
        choices=("cpu", "gpu", "auto"),
        default="cpu",
        help="where pictures are decoded; on a GPU by torchcodec, which makes features of their "
        "own: a level or two of 255 apart. auto: there, where it works [cpu]",
    )
    parser.add_argument(
        "--adapters", type=Path, metavar="FOLDER", help="run folder with tuned adapters to apply"
    )
    parser.add_argument(
        "--config",
        type=Path,
        help="training preset or YAML file whose features to make, in the place of --extractor",
    )
    options.add_encoder(parser)
    parser.set_defaults(extractor=None)  # so that one that is given beside a config is seen


def planned(args: argparse.Namespace) -> "Plan":
    """The features (T, ...) that the arguments mean, with the encoder's weights found.

    Raises:
        InputError: arguments that do not go together.
        EnvironmentProblem: `--decode gpu`, and it cannot be done here.
        ExtractorError: no such extractor or option.
        WeightsError: its weights are missing.
    """
    from avel.extractors import AdaptedChoice, choose
    from avel.pipeline.method.kept import Kept  # slow: loads h5py
    from avel.pipeline.method.plan import plan_features

    if args.config:
        return _of_config(args)
    arrays = () if args.arrays is None else tuple(args.arrays.split(","))
    kept = Kept(arrays, args.map_dtype or "float16")
    name = args.extractor or "audioclip-tiny"
    base = choose(name, args.weights, options.encoder_options(args))
    encoder = AdaptedChoice(base, args.adapters) if args.adapters else base
    settings: dict[str, Any] = {"frames_per_cell": args.frames} if args.frames else {}
    if args.decode != "cpu" and decodes_on_gpu(args):
        settings["torchcodec"] = True
    return plan_features(encoder, settings, kept)


def decodes_on_gpu(args: argparse.Namespace) -> bool:
    """Whether pictures are decoded on a GPU; `auto` is settled in the arguments, and told of.

    Raises:
        EnvironmentProblem: `--decode gpu`, and it cannot be done here.
    """
    from avel.pipeline.media.gpu import why_not

    if args.device == "cpu":
        why = "--device cpu leaves no GPU"
    else:
        why = why_not("cuda" if args.device == "auto" else args.device)
    if why and args.decode == "gpu":
        raise EnvironmentProblem(f"--decode gpu: {why}; or leave it out to decode on the CPU")
    if why:
        warn(f"--decode auto: pictures are decoded on the CPU, since {why}")
    args.decode = "cpu" if why else "gpu"
    return not why


def _of_config(args: argparse.Namespace) -> "Plan":
    """The features that a training reads, cut as its config says."""
    from avel.extractors import choose
    from avel.pipeline.learning.experiment import load_experiment
    from avel.pipeline.method.plan import plan_features
    from avel.pipeline.reasons import InputError

    own = {"extractor": args.extractor, "option": args.option, "precision": args.precision}
    own |= {"frames": args.frames, "adapters": args.adapters, "arrays": args.arrays}
    own |= {"map-dtype": args.map_dtype, "decode": args.decode != "cpu"}
    if given := [f"--{name}" for name, value in own.items() if value]:
        raise InputError(
            f"--config {args.config} says which features; leave out {', '.join(given)}, or change "
            "the config"
        )
    experiment = load_experiment(args.config)
    encoder = choose(experiment.extractor, args.weights, experiment.extractor_options)
    return plan_features(encoder, experiment.segment)
