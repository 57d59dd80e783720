"""Encoding again: the largest difference from what is cached, and by which weights."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from avel.cache.store import Store
from avel.extractors import AdaptedChoice, Choice, choose
from avel.extractors.adapters.adapters import Adapters
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.adapters.files import save_adapters
from avel.pipeline.method import recompute as recompute_module
from avel.pipeline.method.encode import encode_whole
from avel.pipeline.method.extract import VERSION, Features
from avel.pipeline.method.plan import Plan, plan_features
from avel.pipeline.method.recompute import Recomputed, recompute
from avel.pipeline.method.stores import open_store, pack, unpack
from avel.pipeline.reasons import InputError
from tests.pipeline.method import stubs


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_features(choose("audioclip-tiny"), {"image_size": 224})


def cells(plan: Plan) -> stubs.Segments:
    rng = np.random.default_rng(0)
    cut = plan.segment
    return stubs.Segments(
        rng.integers(0, 256, (2, 1, 3, cut.image_size, cut.image_size), np.uint8),
        rng.integers(-9000, 9000, (2, cut.sample_rate), np.int16),
        np.ones(2, bool),
        np.ones(2, bool),
        2.0,
        (),
    )


@pytest.fixture
def filled(tmp_path: Path, plan: Plan) -> Store:
    """Features of three items, of which one has no segments, and one is off by a quarter."""
    stores = plan.stores(tmp_path)
    features = encode_whole(plan.encoder.load("cpu"), [cells(plan)], 32)
    with stores.features.writer() as made, stores.segments.writer() as cut:
        for n in range(3):
            off = Features(**{**vars(features), "audio": features.audio + 0.25 * (n == 1)})
            made.add(f"{n}" * 64, pack(off))
            if n < 2:
                cut.add(f"{n}" * 64, pack(cells(plan)))
    return stores.features


def test_the_largest_difference_of_what_can_be_compared(tmp_path: Path, filled: Store) -> None:
    found = recompute(tmp_path, filled, 5)
    assert (found.compared, found.skipped) == (2, 1)
    assert found.difference == pytest.approx(0.25, abs=1e-3)
    assert "their segments are not in the cache; `avel extract` on the videos" in found.why
    assert recompute(tmp_path, filled, 1) == Recomputed(1, 0.0, 1, found.why)


def test_features_that_are_not_finite_are_no_small_difference(
    tmp_path: Path, plan: Plan, filled: Store
) -> None:
    """`max` keeps what it has when it meets NaN."""
    arrays = filled.get("0" * 64)
    assert arrays is not None
    with filled.writer() as writer:
        writer.add("1" * 64, {**arrays, "audio": np.full_like(arrays["audio"], np.nan)})
    found = recompute(tmp_path, filled, 2)
    assert found.compared == 2
    assert math.isnan(found.difference)


def test_nothing_is_loaded_where_nothing_can_be_compared(
    tmp_path: Path, plan: Plan, filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(plan.stores(tmp_path).segments.folder)
    monkeypatch.setattr(recompute_module, "choose", lambda *_: pytest.fail("looks for weights"))
    found = recompute(tmp_path, filled, 2)
    assert (found.compared, found.skipped) == (0, 3)


def corrected(tmp_path: Path, plan: Plan) -> tuple[Store, Path]:
    """Features of one item by an encoder with adapters that do something, and these."""
    path = tmp_path / "adapters.safetensors"
    encoder = plan.encoder
    assert isinstance(encoder, Choice)
    adapters = Adapters(AdapterConfig("output"), {"audio": 128, "visual": 128, "visual_map": 512})
    with torch.no_grad():
        for parameter in adapters.parameters():
            parameter.add_(0.1)
    save_adapters(path, adapters, encoder.recipe)
    own = plan_features(AdaptedChoice(encoder, path), {"image_size": 224})
    stores = own.stores(tmp_path)
    with stores.features.writer() as made, stores.segments.writer() as cut:
        made.add("0" * 64, pack(encode_whole(own.encoder.load("cpu"), [cells(own)], 32)))
        cut.add("0" * 64, pack(cells(own)))
    return stores.features, path


def test_features_that_adapters_corrected(tmp_path: Path, plan: Plan) -> None:
    store, path = corrected(tmp_path, plan)
    found = recompute(tmp_path, store, 1)
    mark = store.recipe["config"]["adapters"][:12]
    why = f"adapters {mark} corrected them; give --adapters RUN"
    assert found == Recomputed(0, 0.0, 1, why)
    assert recompute(tmp_path, store, 1, adapters=path) == Recomputed(1)
    other = tmp_path / "other.safetensors"
    tensors = load_file(path)
    tensors[min(tensors)] += 1
    with safe_open(path, "np") as file:
        save_file(tensors, other, file.metadata())
    with pytest.raises(InputError, match=r"were made with adapters .*, --weights and --adapters"):
        recompute(tmp_path, store, 1, adapters=other)


def test_imported_features_are_skipped_and_counted(tmp_path: Path, filled: Store) -> None:
    arrays = filled.get("0" * 64)
    assert arrays is not None
    recipe = {"stage": "features", "version": VERSION, "config": {"imported": "ave-h5"}}
    imported = open_store(tmp_path, recipe)
    with imported.writer() as writer:
        for n in range(2):
            writer.add(f"{n}" * 64, arrays)
    why = "they were imported (ave-h5)"
    assert recompute(tmp_path, imported, 5) == Recomputed(0, 0.0, 2, why)


def test_features_of_an_earlier_avel_are_skipped(tmp_path: Path, filled: Store) -> None:
    arrays = filled.get("0" * 64)
    assert arrays is not None
    old = open_store(tmp_path, {**filled.recipe, "version": 1})
    with old.writer() as writer:
        writer.add("0" * 64, arrays)
    found = recompute(tmp_path, old, 1)
    assert found.why == f"avel made them by version 1, and now by {VERSION}"


def test_other_weights_are_refused(tmp_path: Path, plan: Plan, filled: Store) -> None:
    other = tmp_path / "other.safetensors"
    other.write_bytes(plan.encoder.weights.files[0].path.read_bytes() + b" ")  # type: ignore[union-attr]
    with pytest.raises(
        InputError, match=r"the features were made with weights_sha256 .*, --weights"
    ):
        recompute(tmp_path, filled, 1, [other])


def test_items_come_back_as_they_were(filled: Store) -> None:
    arrays = filled.get("0" * 64)
    assert arrays is not None
    assert unpack(Features, arrays).duration == 2.0


def test_features_with_context_are_made_with_it_again(tmp_path: Path) -> None:
    """The lengths of the windows are in the recipe; without them no width would fit."""
    plan = plan_features(choose("audioclip-tiny"), {"sound_seconds": (1, 2)})
    stores, extractor = plan.stores(tmp_path), plan.encoder.load("cpu")
    features = encode_whole(extractor, [cells(plan)], 32, plan.segment.sound_seconds)
    assert features.audio.shape == (2, 2 * 128)
    with stores.features.writer() as made, stores.segments.writer() as cut:
        made.add("0" * 64, pack(features))
        cut.add("0" * 64, pack(cells(plan)))
    assert recompute(tmp_path, stores.features, 5, ())[:2] == (1, 0.0)
