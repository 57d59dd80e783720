"""`avel config`: the presets, and every key of one with its value and what it means."""

import argparse
import textwrap
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from avel.pipeline.work.say import put, say

WIDTH = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", type=Path, help="preset or YAML file [list the presets]")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override, as in training"
    )
    parser.add_argument(
        "--describe", action="store_true", help="say what each key means, with unit and default"
    )


def run(args: argparse.Namespace) -> int:
    from avel.configs.load import dump, load
    from avel.pipeline.learning.experiment import Experiment, load_experiment
    from avel.pipeline.studies.table import Ablation

    if args.name is None:
        say(*_listed("trainings", Experiment), *_listed("tables of trainings", Ablation))
        return 0
    config: Experiment | Ablation
    if _is_table(args.name):
        config = load(args.name, Ablation, args.set)
    else:
        config = load_experiment(args.name, args.set)
    if not args.describe:
        put(dump(config))
        return 0
    say(*_described(config))
    return 0


def _listed(what: str, kind: type) -> list[str]:
    from avel.configs.load import FOLDER, presets

    lines = [f"{what}:"]
    for name in presets(kind):
        first = (FOLDER / f"{name}.yaml").read_text("utf-8").splitlines()[0]
        lines.append(f"  {name:<14} {first.lstrip('# ')}")
    return lines


def _is_table(path: Path) -> bool:
    from avel.configs.load import presets, read
    from avel.pipeline.studies.table import Ablation

    if path.is_file():
        return "rows" in read(path)
    return path.name.removesuffix(".yaml") in presets(Ablation)


def _described(config: Any) -> list[str]:
    """Every key: its value and its default where that is another, and below it what it means."""
    from avel.configs.describe import keys
    from avel.configs.load import text_of

    lines = []
    for key in keys(config):
        value = text_of(key.value)
        default = value if key.default is MISSING else text_of(key.default)
        lines.append(f"{key.name}: {value}" + (f"  [{default}]" if default != value else ""))
        lines += _indented(f"{key.kind}. {key.meaning}")
        if key.name == "options":
            lines += _options(config)
        elif key.name == "segment":
            lines += _segment(config)
    return lines


def _options(config: Any) -> list[str]:
    """The options of the config's model."""
    from avel.configs.load import text_of
    from avel.pipeline.learning.options import written_options

    lines = []
    for name, option in written_options(config.model).items():
        default = option.default or "needed"
        value = text_of(config.options[name]) if name in config.options else default
        other = f"  [{default}]" if value != default else ""
        lines.append(f"options.{name}: {value}{other}")
        lines += _indented(". ".join(part for part in (option.kind, option.meaning) if part))
    return lines


def _segment(config: Any) -> list[str]:
    """The settings of the segments stage, as they are where the extractor says nothing else."""
    from avel.configs.describe import keys
    from avel.configs.load import text_of
    from avel.pipeline.media.cells import SegmentConfig

    lines = []
    for key in keys(SegmentConfig(), "segment."):
        default = text_of(key.default)
        value = text_of(config.segment.get(key.name.removeprefix("segment."), key.default))
        lines.append(f"{key.name}: {value}" + (f"  [{default}]" if default != value else ""))
        lines += _indented(f"{key.kind}. {key.meaning}")
    return lines


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ")
