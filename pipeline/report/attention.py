"""Attention of one or several models over files, as a picture and a video of each."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from avel.models.card import CHECKPOINT
from avel.pipeline.datasets.truth import Truth
from avel.pipeline.formats.folder import make_folder
from avel.pipeline.method.plan import LocalizationPlan, PipelineConfig, plan_localization
from avel.pipeline.method.results import Result
from avel.pipeline.method.run import localize
from avel.pipeline.method.stores import LocalizationStores
from avel.pipeline.reasons import InputError, MediaError, Reason
from avel.pipeline.report.cached import CachedRun
from avel.pipeline.report.figure import Answer, draw, read_material
from avel.pipeline.report.overlay import write_overlay
from avel.pipeline.work.runtime import RuntimeConfig


@dataclass(frozen=True)
class Drawn:
    """Files that were written for one video, or why there are none."""

    paths: tuple[Path, ...] = ()
    why_none: str = ""


class AttentionPictures:
    """Draws one video after another: one picture of all models, and one MP4 for each.

    Args:
        out: Folder, made where it is missing.
        runs: What each model's run has left in the cache.
        models: Each model's file or run folder, whose name tells apart models of one kind.
        truth: Annotated events, shown where they are known.
        suffix: Of the picture: `.png`, `.pdf` or `.svg`.
        video: Whether to write the MP4s.

    Raises:
        InputError: `out` is a file.
        EnvironmentProblem: it cannot be made.
    """

    def __init__(
        self,
        out: Path,
        runs: Sequence[CachedRun],
        models: Sequence[Path],
        truth: Truth,
        *,
        suffix: str = ".png",
        video: bool = True,
    ) -> None:
        make_folder(out)
        self._out, self._runs, self._models = out, runs, models
        self._truth, self._suffix, self._video = truth, suffix, video

    def draw(self, name: str, results: Sequence[Result]) -> Drawn:
        """Draw one video.

        Args:
            name: Of its files, before `.attention`.
            results: One of each model, in the models' order.

        Raises:
            InputError: a model looks at no place in the picture.
        """
        answers = self._answers(results)
        if not answers:
            return Drawn(why_none=_why_none(results))
        for answer in answers:
            if not answer.scores.attention.shape[1]:
                raise InputError(f"{answer.model}: has no attention to draw; leave this model out")
        try:
            return Drawn((self._picture(name, answers), *self._videos(name, answers)))
        except MediaError as err:  # it was changed since it was localized
            return Drawn(why_none=str(err))

    def _answers(self, results: Sequence[Result]) -> list[Answer]:
        """Every model's answer; empty where one has none."""
        kinds = [str(result.model.get("name", "")) for result in results]
        answers = []
        for run, result, kind, model in zip(self._runs, results, kinds, self._models, strict=True):
            blind = result.status == "failed" or str(Reason.NO_VIDEO) in result.reasons
            scores = None if blind else run.scores(result)
            if scores is None:
                return []
            row = kind if kinds.count(kind) == 1 else f"{kind} ({_name(model)})"
            answers.append(Answer(row, result, scores))
        return answers

    def _picture(self, name: str, answers: Sequence[Answer]) -> Path:
        path, result = self._out / f"{name}.attention{self._suffix}", answers[0].result
        config = self._runs[0].segment_config
        material = read_material(Path(result.file), config, result.segments)
        draw(path, material, answers, self._truth.of(result.file))
        return path

    def _videos(self, name: str, answers: Sequence[Answer]) -> list[Path]:
        paths = []
        for number, answer in enumerate(answers if self._video else ()):
            which = f".{number + 1}" if len(answers) > 1 else ""
            path = self._out / f"{name}.attention{which}.mp4"
            config = self._runs[number].segment_config
            write_overlay(path, answer, config, self._truth.of(answer.result.file))
            paths.append(path)
        return paths


def _why_none(results: Sequence[Result]) -> str:
    said = (result.message or ", ".join(result.reasons) for result in results)
    return next(filter(None, said), "it has no scores")


def _name(model: Path) -> str:
    """Of the run folder, where a checkpoint in one was given too."""
    return model.parent.name if model.name == CHECKPOINT else model.name


def localize_by_all(
    paths: Sequence[Path], models: Sequence[Path], weights: tuple[Path, ...], runtime: RuntimeConfig
) -> tuple[list[CachedRun], list[tuple[Result, ...]]]:
    """Localize files by several models; their runs, and by file one result of each model.

    Raises:
        CheckpointError: a model is missing, damaged or for other features.
        WeightsError: the encoder's weights are missing or wrong.
    """
    plans = [plan_localization(PipelineConfig(model=m, weights=weights)) for m in models]
    stores = [plan.stores(runtime.cache_dir) for plan in plans]
    by_model = [
        _localized(paths, plan, runtime, kept) for plan, kept in zip(plans, stores, strict=True)
    ]
    runs = [CachedRun(plan.segment, kept) for plan, kept in zip(plans, stores, strict=True)]
    return runs, list(zip(*by_model, strict=True))


def _localized(
    paths: Sequence[Path],
    plan: LocalizationPlan,
    runtime: RuntimeConfig,
    stores: LocalizationStores,
) -> list[Result]:
    found = localize(paths, plan, runtime, stores=stores)
    with closing(found):
        by_file = {result.file: result for result in found}
    return [by_file[str(path)] for path in dict.fromkeys(paths)]
