"""Answers to queries of a model whose scores are known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from avel.extractors import choose
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.datasets.features import Example, FeatureRows
from avel.pipeline.evaluation.match import (
    MatchRows,
    accuracies,
    answers,
    matching_numbers,
    open_match,
    read_rows,
)
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.stores import features_recipe
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig

EVENTS = torch.tensor([[0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0]]).bool()
ROWS = MatchRows(torch.randn(4, 4, 3), torch.randn(4, 4, 5), EVENTS)


class Places:
    """Answers with the given starts, sound's question right and the picture's always at 0."""

    def windows(self, audio: Tensor, visual: Tensor, events: Tensor) -> dict[str, Tensor]:
        assert (audio.shape[0], visual.shape[0]) == (3, 3)  # the full row cannot be asked
        starts = events.float().argmax(1)
        return {
            "a2v": torch.nn.functional.one_hot(starts, 3).float(),
            "v2a": torch.tensor([[1.0, 0.0, 0.0]]).expand(3, 3),
        }


def test_answers_by_direction() -> None:
    found = answers(Places(), ROWS)  # type: ignore[arg-type]
    assert found["a2v"].tolist() == [1, 2, 0]
    assert found["v2a"].tolist() == [0, 0, 0]
    assert accuracies(Places(), ROWS) == {"a2v": 1.0, "v2a": pytest.approx(1 / 3)}  # type: ignore[arg-type]


def test_rows_are_items() -> None:
    assert len(ROWS) == 4
    audio, visual, events = ROWS[2]
    assert torch.equal(audio, ROWS.audio[2])
    assert torch.equal(visual, ROWS.visual[2])
    assert events.tolist() == [False, False, True, True]


@pytest.fixture(scope="module")
def recipe() -> dict[str, object]:
    return features_recipe(SegmentConfig(), choose("audioclip-tiny").recipe)


def test_rows_of_a_split_hold_means_of_maps(
    bench: tuple[Path, Path], recipe: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One video's map is held at a time: in AVE with the full encoder all of them are 7 GB."""
    data = open_ave(bench[0])
    part = open_match(data, "test", recipe, RuntimeConfig(bench[1]))
    maps: list[Example] = []
    get = FeatureRows.__getitem__

    def once(self: FeatureRows, index: int) -> Example:
        found = get(self, index)
        maps.append(found._replace(visual_map=found.visual_map.clone()))
        found.visual_map.untyped_storage()
        return found

    monkeypatch.setattr(FeatureRows, "__getitem__", once)
    rows = read_rows(part)
    assert rows.visual.shape == (12, 10, 512)
    for index, example in enumerate(maps):
        torch.testing.assert_close(rows.visual[index], example.visual_map.float().mean(1))
        assert torch.equal(rows.audio[index], example.audio)
    labels = np.stack([example.segments.numpy() for example in maps])
    np.testing.assert_array_equal(rows.events.numpy(), labels != 4)


def test_numbers_say_what_was_asked_of_how_many(
    bench: tuple[Path, Path], recipe: dict[str, object]
) -> None:
    part = open_match(open_ave(bench[0]), "test", recipe, RuntimeConfig(bench[1]))
    numbers = matching_numbers(Places(), ROWS, part)  # type: ignore[arg-type]
    assert numbers["queries"] == 3
    assert numbers["accuracy"]["a2v"] == 1.0
    assert numbers["coverage"] == {"rows": 12, "evaluated": 12, "missing": {}}


def test_a_dataset_without_match_splits(
    bench: tuple[Path, Path], recipe: dict[str, object], tmp_path: Path
) -> None:
    for source in bench[0].iterdir():
        if not source.name.endswith("order_match.h5"):
            (tmp_path / source.name).symlink_to(source)
    with pytest.raises(
        InputError, match=r"has no val_order_match\.h5, the split of cross-modality"
    ):
        open_match(open_ave(tmp_path), "val", recipe, RuntimeConfig(bench[1]))
