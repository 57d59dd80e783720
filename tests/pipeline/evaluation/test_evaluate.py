"""Evaluation of a checkpoint: what it decided, what it counts, and on which rows."""

import json
from pathlib import Path

import numpy as np
import pytest

from avel.models.card import Card
from avel.pipeline.cli import main
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.evaluation import evaluate as module
from avel.pipeline.evaluation.evaluate import (
    BATCH,
    decide_rows,
    evaluate,
    features_of,
    score_split,
    train_labels,
)
from avel.pipeline.evaluation.metrics import Interval, event_f1, intervals
from avel.pipeline.evaluation.split import open_split
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.model import TrainedModel
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig


def scores(T: int, relevance: float = 0.9) -> SegmentScores:
    classes = np.tile(np.array([0.2, 0.8, 0.0], np.float32), (T, 1))
    ones, there = np.ones(T, np.float32), np.ones(T, bool)
    return SegmentScores(relevance * ones, classes, there, ones[:, None], ones, ones, float(T), ())


@pytest.mark.parametrize(("T", "events"), [(3, 3), (10, 10), (14, 10)])
def test_rows_are_ten_segments(T: int, events: int) -> None:
    (row,) = decide_rows([scores(T)], EventConfig(), 2)
    assert row.tolist() == [1] * events + [2] * (10 - events)


def test_videos_are_scored_sixteen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def score_rows(videos: list[int], *_: object) -> list[int]:
        sizes.append(len(videos))
        return videos

    monkeypatch.setattr(module, "score_rows", score_rows)
    card = Card("dmsf", {}, (), 10, {})
    assert list(score_split(iter(range(37)), card, None)) == list(range(37))  # type: ignore[arg-type]
    assert sizes == [BATCH, BATCH, 5]


def test_evaluate_gives_the_numbers_of_the_run(
    bench: tuple[Path, Path], trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["evaluate", "--data", str(bench[0]), "--cache-dir", str(bench[1])]
    assert main([*argv, "--model", str(trained), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    stored = json.loads((trained / "metrics.json").read_text())
    for name in (
        "accuracy",
        "event_f1",
        "map",
        "per_class",
        "coverage",
        "baselines",
        "over_threshold",
    ):
        assert found[name] == stored[name]
    assert main([*argv, "--model", str(trained)]) == 0
    printed = capsys.readouterr().out
    assert "12 of 12 rows" in printed
    assert f"{stored['accuracy']['own']:.2%}" in printed


def test_events_are_those_of_the_decisions(bench: tuple[Path, Path], trained: Path) -> None:
    """On whole seconds the events that localization would answer are the runs of the decisions."""
    stored = json.loads((trained / "metrics.json").read_text())
    with np.load(trained / "decisions.npz") as run:
        own, truth = intervals(run["own"], 4), intervals(run["truth"], 4)
    assert stored["event_f1"] == pytest.approx(event_f1(own, truth))
    assert all(isinstance(event, Interval) for event in own)


def test_missing_rows_are_named(bench: tuple[Path, Path], trained: Path, tmp_path: Path) -> None:
    data, runtime = open_ave(bench[0]), RuntimeConfig(bench[1], device="cpu")
    gone = data.rows[data.splits["test"][0]].video_id
    hidden = (bench[0] / "AVE" / f"{gone}.mp4").rename(tmp_path / "hidden")
    try:
        numbers = evaluate(data, "test", trained / "model.safetensors", runtime)
    finally:
        hidden.rename(bench[0] / "AVE" / f"{gone}.mp4")
    assert numbers["coverage"] == {"rows": 12, "evaluated": 11, "missing": {gone: "no video file"}}


def test_another_datasets_classes(bench: tuple[Path, Path], trained: Path, tmp_path: Path) -> None:
    for source in bench[0].iterdir():
        if source.name != "Annotations.txt":
            (tmp_path / source.name).symlink_to(source)
    text = (bench[0] / "Annotations.txt").read_text()
    (tmp_path / "Annotations.txt").write_text(text.replace("class 2&", "Church bell&"))
    with pytest.raises(
        InputError, match=r"does not know the dataset's classes \(first: 'Church bel"
    ):
        evaluate(open_ave(tmp_path), "test", trained / "model.safetensors", RuntimeConfig(bench[1]))


def test_it_runs_where_it_is_told_to(
    bench: tuple[Path, Path], trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["evaluate", "--data", str(bench[0]), "--cache-dir", str(bench[1])]
    assert main([*argv, "--model", str(trained), "--device", "cuda:7"]) == 4
    assert "device 'cuda:7' cannot be used" in capsys.readouterr().err


def test_training_labels_are_the_training_splits(bench: tuple[Path, Path]) -> None:
    data = open_ave(bench[0])
    labels = train_labels(data)
    assert labels.shape == (48, 10)
    row = data.rows[data.splits["train"][7]]
    assert (labels[7] != 4).sum() == row.end - row.start


def test_rows_keep_their_order(bench: tuple[Path, Path], trained: Path) -> None:
    data, runtime = open_ave(bench[0]), RuntimeConfig(bench[1])
    part = open_split(data, "test", TrainedModel(trained).features, runtime)
    loudest = [int(f.audio[:, : len(data.classes)].max(0).argmax()) for f in features_of(part)]
    assert part.video_ids == tuple(data.rows[n].video_id for n in data.splits["test"])
    assert loudest == [data.rows[n].label for n in data.splits["test"]]
