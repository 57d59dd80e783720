"""`avel attention`: where in the picture the sound is, drawn for one or several models."""

import argparse
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import options

if TYPE_CHECKING:
    from avel.pipeline.commands.localize import Truth
    from avel.pipeline.method.plan import LocalizationPlan
    from avel.pipeline.method.results import Result
    from avel.pipeline.report.cached import CachedRun
    from avel.pipeline.report.figure import Answer
    from avel.pipeline.work.runtime import RuntimeConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", help="video files, folders, or lists (.txt)")
    parser.add_argument(
        "--model",
        type=Path,
        action="append",
        help="checkpoint or run folder; again for a row of another model [the shipped one]",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the pictures")
    parser.add_argument(
        "--truth", type=Path, help="AVE-shaped folder whose annotations to show beside"
    )
    parser.add_argument(
        "--format", choices=("png", "pdf", "svg"), default="png", help="of the picture [png]"
    )
    parser.add_argument("--no-video", action="store_true", help="the picture alone, no MP4")
    options.add_weights(parser)
    options.add_runtime(parser)


def run(args: argparse.Namespace) -> int:
    from avel.pipeline.commands.localize import read_truth  # slow: loads h5py
    from avel.pipeline.media.inputs import expand
    from avel.pipeline.method.model import DEFAULT_MODEL
    from avel.pipeline.method.plan import PipelineConfig, plan_localization

    paths, runtime = expand(args.inputs), options.runtime(args)
    models = args.model or [DEFAULT_MODEL]
    plans = [
        plan_localization(PipelineConfig(model=model, weights=tuple(args.weights)))
        for model in models
    ]
    results = [_localized(paths, plan, runtime) for plan in plans]
    failed = write_attention(
        args.out, plans, results, read_truth(args.truth), runtime, args.format, not args.no_video
    )
    return 3 if failed else 0


def _localized(
    paths: list[Path], plan: "LocalizationPlan", runtime: "RuntimeConfig"
) -> list["Result"]:
    from avel.pipeline.method.run import localize  # slow: loads torch and libav

    found = localize(paths, plan, runtime)
    with closing(found):
        by_file = {result.file: result for result in found}
    return [by_file[str(path)] for path in dict.fromkeys(paths)]


def write_attention(
    out: Path,
    plans: list["LocalizationPlan"],
    results: list[list["Result"]],
    truth: "Truth",
    runtime: "RuntimeConfig",
    suffix: str = "png",
    video: bool = True,
) -> int:
    """Write pictures and videos of every file for all models; how many files gave none."""
    from avel.pipeline.method.results import result_names
    from avel.pipeline.report.cached import CachedRun  # slow: loads torch and libav
    from avel.pipeline.report.figure import draw, read_material
    from avel.pipeline.report.overlay import write_overlay

    out.mkdir(parents=True, exist_ok=True)
    runs = [CachedRun(plan, runtime) for plan in plans]
    names = result_names([result.file for result in results[0]])
    failed = 0
    for name, answers_of in zip(names, zip(*results, strict=True), strict=True):
        answers, why = _answers(plans, runs, answers_of)
        if why:
            print(f"{answers_of[0].file}: no picture of it: {why}", file=sys.stderr)
            failed += 1
            continue
        path, events = Path(answers[0].result.file), truth.of(answers[0].result.file)
        material = read_material(path, runs[0].segment_config, answers[0].result.segments)
        draw(out / f"{name}.attention.{suffix}", material, answers, events)
        print(out / f"{name}.attention.{suffix}")
        for number, answer in enumerate(answers if video else ()):
            more = f".{number + 1}" if len(answers) > 1 else ""
            target = out / f"{name}.attention{more}.mp4"
            write_overlay(target, answer, runs[number].segment_config, events)
            print(target)
    return failed


def _answers(
    plans: list["LocalizationPlan"], runs: list["CachedRun"], results: tuple["Result", ...]
) -> tuple[list["Answer"], str]:
    """Every model's answer for one file, and why there is nothing to draw."""
    from avel.pipeline.report.figure import Answer  # slow: loads libav

    answers = []
    for run, result in zip(runs, results, strict=True):
        scores = run.scores(result) if result.status != "failed" else None
        if scores is None or "NO_VIDEO" in result.reasons:
            return [], result.message or ", ".join(result.reasons) or "it has no scores"
        name = str(result.model.get("name", ""))
        answers.append(Answer(name, result, scores))
    if len({answer.model for answer in answers}) < len(answers):
        answers = [
            replace(a, model=f"{a.model} ({plan.localizer.identity['sha256'][:12]})")
            for a, plan in zip(answers, plans, strict=True)
        ]
    return answers, ""
