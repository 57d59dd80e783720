"""The matching network with its published weights, and the rule by which it is judged."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from avel.cache.ave_h5 import LayoutError
from avel.cache.keras_h5 import read_keras
from avel.models.published.cmm import (
    CMM,
    CMMConfig,
    contrastive_loss,
    keras_state,
    summed_distances,
)
from avel.models.published.dmin import compounded, matched_relevance
from avel.models.table import build
from avel.pipeline.evaluation.queries import baselines, exact_accuracy, queries


@torch.no_grad()
def test_the_published_weights_load(ave_tables: Path) -> None:
    """Against numpy over the file's own arrays; the output biases nearly cancel, as published."""
    path = ave_tables / "cmm_model_weights.h5"
    model = CMM(CMMConfig())
    model.load_state_dict(keras_state(read_keras(path)))
    rng = np.random.default_rng(0)
    sound, picture = rng.random((5, 128), np.float32), rng.random((5, 512), np.float32)
    with h5py.File(path) as file:

        def dense(x: np.ndarray, name: str) -> np.ndarray:
            layer = file[name][name]
            return np.asarray(x @ layer["kernel:0"][:] + layer["bias:0"][:])

        def tower(x: np.ndarray, first: str, second: str) -> np.ndarray:
            hidden = dense(x, first)
            return dense(np.where(hidden > 0, hidden, 0.3 * hidden), second)

        gap = tower(picture, "dense_1", "dense_2") - tower(sound, "dense_3", "dense_4")
    expected = np.sqrt(np.maximum((gap**2).sum(1), 1e-7))
    found = model(torch.from_numpy(sound), torch.from_numpy(picture))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    biases = model.video[2].bias + model.audio[2].bias
    assert biases.abs().max() < 0.1 * model.video[2].bias.abs().max()


def test_the_real_match_split_has_the_known_baselines(ave_tables: Path) -> None:
    """Reference section 1.9: 20.77, 35.32 and 46.77 % of 402 samples."""
    with (
        h5py.File(ave_tables / "labels_closs.h5") as labels,
        h5py.File(ave_tables / "test_order_match.h5") as order,
    ):
        events = labels["avadataset"][:][order["order"][:]] > 0
    assert len(queries(events).rows) == 402
    found = {name: round(100 * value, 2) for name, value in baselines(events).items()}
    assert found == {
        "random start": 20.77,
        "always at the start": 35.32,
        "always at the end": 46.77,
    }


def nearest_window(distances: np.ndarray, start: int, length: int) -> int:
    """The rule of reference 1.9, as a loop: argmin, ties to the first."""
    T = distances.shape[1]
    sums = [sum(distances[start + i, k + i] for i in range(length)) for k in range(T - length + 1)]
    return int(np.argmin(sums))


def one_run(start: int, length: int, T: int = 10) -> torch.Tensor:
    return ((torch.arange(T) >= start) & (torch.arange(T) < start + length))[None]


def test_windows_are_summed_by_the_rule() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        length = int(rng.integers(1, 10))
        start = int(rng.integers(0, 11 - length))
        distances = rng.integers(0, 3, (10, 10)).astype(np.float32)  # with ties
        sums = summed_distances(torch.from_numpy(distances)[None], one_run(start, length))
        assert int(sums.argmin()) == nearest_window(distances, start, length)
        assert sums[0, 10 - length + 1 :].isinf().all()


@torch.no_grad()
def test_cmm_finds_a_copy_of_the_query() -> None:
    """Equal embeddings at distance zero: the window shifted by two is the answer both ways."""
    model = CMM(CMMConfig(audio_dim=6, visual_dim=6))
    model.video.load_state_dict(model.audio.state_dict())
    audio = torch.randn(1, 10, 6)
    visual = audio.roll(2, 1)
    found = model.windows(audio, visual, one_run(4, 3))
    assert found["a2v"].argmax(1).tolist() == [6]
    assert found["v2a"].argmax(1).tolist() == [2]


def test_compounded_factors_are_the_windows_one_after_the_other() -> None:
    scalars = torch.rand(3, 10) + 0.5
    events = torch.cat([one_run(2, 3), one_run(0, 9), one_run(9, 1)])
    found = compounded(scalars, events)
    for n, (start, length) in enumerate(((2, 3), (0, 9), (9, 1))):
        rows = [1.0] * 10
        for k in range(10 - length + 1):
            for i in range(length):
                rows[k + i] *= scalars[n, start + i].item()
        np.testing.assert_allclose(found[n], rows, rtol=1e-4)


@torch.no_grad()
def test_dcmr_takes_the_strongest_window() -> None:
    model = build("dcmr", {"query": "visual"}).eval()
    audio, visual = torch.rand(2, 10, 128), torch.rand(2, 10, 512)
    events = torch.cat([one_run(2, 3), one_run(0, 9)])
    relevance = matched_relevance(model, audio, visual, events, "visual").numpy()
    found = model.windows(audio, visual, events)
    assert list(found) == ["v2a"]
    for row, length in ((0, 3), (1, 9)):
        sums = np.convolve(relevance[row], np.ones(length), "valid")
        assert sums[int(found["v2a"][row].argmax())] == pytest.approx(sums.max(), abs=1e-5)
        np.testing.assert_allclose(found["v2a"][row][: len(sums)], sums, atol=1e-5)
        assert found["v2a"][row][len(sums) :].isinf().all()


def test_full_and_empty_samples_are_not_asked() -> None:
    events = np.array([[1, 1, 1], [0, 0, 0], [0, 1, 1], [1, 0, 0]], bool)
    asked = queries(events)
    assert asked.rows.tolist() == [2, 3]
    assert (asked.starts.tolist(), asked.lengths.tolist()) == ([1, 0], [2, 1])
    assert exact_accuracy(np.array([1, 2]), asked) == 0.5


def test_contrastive_loss() -> None:
    distance, together = torch.tensor([0.5, 0.5, 3.0]), torch.tensor([1.0, 0.0, 0.0])
    assert contrastive_loss(distance, together) == pytest.approx((0.25 + 2.25 + 0) / 3)


def test_distances_between_all_seconds() -> None:
    model = CMM(CMMConfig())
    sound, picture = torch.rand(2, 10, 128), torch.rand(2, 10, 512)
    found = model.between(sound, picture)
    torch.testing.assert_close(found[1, 3, 7], model(sound[1, 3], picture[1, 7]))


def test_files_that_hold_no_such_weights(tmp_path: Path) -> None:
    (tmp_path / "w.h5").write_text("text")
    with pytest.raises(LayoutError, match="cannot be read as HDF5"):
        read_keras(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(LayoutError, match="has no layer_names, so it holds no Keras weights"):
        read_keras(tmp_path / "w.h5")
    with pytest.raises(ValueError, match=r"no dense_1/kernel among \['other'\]"):
        keras_state({"other": np.zeros(1, np.float32)})
