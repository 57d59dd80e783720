"""Options that several commands share; they change how work is done, not what comes out."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.pipeline.formats.choice import NAMES, USUAL, chosen
from avel.pipeline.reasons import InputError

if TYPE_CHECKING:
    from avel.pipeline.batch.extraction import BatchConfig
    from avel.pipeline.method.plan import LocalizationPlan, PipelineConfig
    from avel.pipeline.reasons import Reason
    from avel.pipeline.work.runtime import RuntimeConfig


def add_encoder(parser: argparse.ArgumentParser, use: str = "") -> None:
    """Which encoder, its weights and its options."""
    group = parser.add_argument_group(f"encoder{use}")
    group.add_argument(
        "--extractor",
        default="audioclip-tiny",
        help="audioclip, audioclip-tiny, openclip, vgg19, vggish, or SIGHT+SOUND [audioclip-tiny]",
    )
    add_weights(group)
    group.add_argument("--precision", help="of its trunks: float32, bfloat16, float16 [float32]")
    group.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of its own: compile=true, dense_map=true (audioclip), postprocess=true (vggish)",
    )


def add_config(parser: argparse.ArgumentParser, default: str = "") -> None:
    """Which settings: a YAML file or preset, and overrides."""
    shown = f" [{default}]" if default else ""
    parser.add_argument(
        "--config",
        type=Path,
        default=Path(default) if default else None,
        required=not default,
        help=f"YAML file or preset{shown}; `avel config` lists them",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="override; `avel config NAME --describe` says what there is",
    )


def add_weights(group: argparse._ActionsContainer) -> None:
    """The encoder's files alone."""
    group.add_argument(
        "--weights",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="the encoder's weights; again for a second file [where weights are kept]",
    )


def add_formats(parser: argparse.ArgumentParser, *, usual: Sequence[str] = USUAL) -> None:
    """Which files a folder gets beside the pages, and which where none are named."""
    needs = "with --out: " if usual else ""
    parser.add_argument(
        "--format",
        action="append",
        metavar="NAME[,NAME...]",
        help=f"{needs}files to write, of {', '.join(NAMES)}, or all [{','.join(usual) or 'none'}]",
    )


def formats(args: argparse.Namespace) -> tuple[str, ...]:
    """The formats that are asked for.

    Raises:
        InputError: no such format, or no folder for them.
    """
    if args.format is not None and args.out is None:
        raise InputError("--format says which files to write; give --out FOLDER for them")
    return chosen(args.format)


def encoder_options(args: argparse.Namespace) -> dict[str, Any]:
    """The extractor's options by name; a value is what JSON says it is, else a string."""
    options: dict[str, Any] = {"precision": args.precision} if args.precision else {}
    for text in args.option:
        key, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--option '{text}' must be KEY=VALUE, for example compile=true")
        try:
            options[key] = json.loads(value)
        except ValueError:
            options[key] = value
    return options


def add_runtime(parser: argparse.ArgumentParser) -> None:
    """Cache folder, device, workers and limits, in cells and seconds."""
    group = parser.add_argument_group("how to work (changes no result)")
    add_cache_dir(group)
    group.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 … [auto]")
    group.add_argument("--workers", type=positive, help="processes that decode [one per core]")
    group.add_argument("--batch", type=positive, default=32, help="segments encoded together [32]")
    group.add_argument(
        "--timeout",
        type=float,
        default=600,
        help="seconds that decoding may take for each 10 minutes of a video [600]",
    )
    group.add_argument(
        "--codec",
        action="append",
        default=[],
        metavar="NAME",
        help="let files use this decoder of FFmpeg's too, beside those that `avel doctor` lists; "
        "what is cached stays as it is",
    )
    group.add_argument(
        "--no-segments", action="store_true", help="do not cache decoded pictures and sound"
    )


def add_batch(parser: argparse.ArgumentParser) -> None:
    """How a batch is spread, what it does about failures, and what it tells."""
    group = parser.add_argument_group("a batch (changes no result)")
    group.add_argument(
        "--devices", type=positive, default=1, help="loops, each on a GPU of its own or the CPU [1]"
    )
    group.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="let Dask start the loops: 'local' or a scheduler's tcp://host:8786",
    )
    group.add_argument("--shard", metavar="i/n", help="do the i-th of n parts, with no claims")
    group.add_argument("--lot", type=positive, default=0, help="videos that are claimed together")
    group.add_argument(
        "--retry-failed",
        nargs="*",
        metavar="REASON",
        help="do only what failed before, all of it or for these reasons",
    )
    group.add_argument(
        "--skip-failed",
        nargs="*",
        metavar="REASON",
        help="leave out what failed before, all of it or for these reasons "
        "[WORKER_CRASH TIMEOUT OOM]",
    )
    group.add_argument(
        "--give-up-after", type=positive, metavar="N", help="end when N videos have failed [never]"
    )
    group.add_argument(
        "--wait-for-room",
        type=_minutes,
        default=30.0,
        metavar="MINUTES",
        help="on a full disk, wait so long for room before the run ends with exit code 4 [30]",
    )
    group.add_argument("--report", type=Path, metavar="DIR", help="tell of each video as it ends")
    add_segments(group)
    group.add_argument("--loop", action="store_true", help=argparse.SUPPRESS)


def add_segments(group: argparse._ActionsContainer) -> None:
    """Whether many videos' pictures and sound are cached."""
    group.add_argument(
        "--segments",
        action="store_true",
        help="cache decoded pictures and sound of more than 1,000 videos too",
    )


def check_segments(args: argparse.Namespace) -> None:
    """Refuse to cache pictures and sound, and not to.

    Raises:
        InputError: both are asked for.
    """
    if args.segments and args.no_segments:
        raise InputError("--segments and --no-segments: give one of the two")


def batch(args: argparse.Namespace) -> "BatchConfig":
    """What the options say of a batch.

    Raises:
        InputError: a reason that is none, or options that do not go together.
    """
    check_segments(args)
    from avel.pipeline.batch.extraction import BatchConfig
    from avel.pipeline.batch.lots import Part
    from avel.pipeline.work.failures import QUARANTINED

    if args.shard and (args.devices > 1 or args.cluster):
        other = f"--cluster {args.cluster}" if args.cluster else f"--devices {args.devices}"
        raise InputError(
            f"--shard {args.shard} and {other}: give one of the two; a shard is one loop"
        )
    return BatchConfig(
        loops=args.devices,
        lot=args.lot,
        part=Part.parse(args.shard) if args.shard else None,
        retried=None
        if args.retry_failed is None
        else _reasons("--retry-failed", args.retry_failed),
        skipped=QUARANTINED
        if args.skip_failed is None
        else _reasons("--skip-failed", args.skip_failed),
        most_failures=args.give_up_after,
        cluster=args.cluster or "",
        wait_seconds=60 * args.wait_for_room,
        many_segments=args.segments,
    )


def _reasons(option: str, words: Sequence[str]) -> "frozenset[Reason]":
    """The reasons of these names; all where none is named."""
    from avel.pipeline.reasons import Reason

    if unknown := sorted({*words} - {*Reason}):
        raise InputError(
            f"{option} {' '.join(unknown)}: no such reason; there are {', '.join(sorted(Reason))}"
        )
    return frozenset(Reason(word) for word in words) or frozenset(Reason)


def plan_or_fetch(config: "PipelineConfig") -> "LocalizationPlan":
    """The plan; missing weights are asked for first, where somebody can answer.

    Raises:
        WeightsError: they are missing.
        CheckpointError: the model is.
    """
    from avel.extractors.weights.files import MissingWeights
    from avel.pipeline.method.plan import plan_localization

    try:
        return plan_localization(config)
    except MissingWeights as err:
        from avel.pipeline.commands.ask import fetch_or_raise

        fetch_or_raise(err)
        return plan_localization(config)


def add_cache_dir(group: argparse._ActionsContainer) -> None:
    """Cache folder alone."""
    group.add_argument(
        "--cache-dir", type=Path, help="cache folder [$AVEL_CACHE_DIR or ~/.cache/avel]"
    )


def runtime(args: argparse.Namespace) -> "RuntimeConfig":
    """The runtime config that the options say: batches in cells, the time limit in seconds."""
    from avel.pipeline.work.runtime import RuntimeConfig, cache_root, default_workers

    return RuntimeConfig(
        cache_dir=cache_root(args.cache_dir)[0],
        device=args.device,
        workers=args.workers or default_workers(),
        batch_cells=args.batch,
        timeout_seconds=args.timeout,
        codecs=tuple(args.codec),
        keep_segments=not args.no_segments,
    )


def positive(text: str) -> int:
    """A whole number greater than 0, for argparse."""
    value = int(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} must be greater than 0")
    return value


def _minutes(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} must be minutes, 0 or more")
    return value
