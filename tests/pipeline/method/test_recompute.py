"""Encoding again: the largest difference from what is cached, and by which weights."""

from pathlib import Path

import numpy as np
import pytest

from avel.cache.store import Store
from avel.extractors import choose
from avel.pipeline.method.extract import Features, encode_whole
from avel.pipeline.method.plan import Plan, plan_features
from avel.pipeline.method.recompute import recompute
from avel.pipeline.method.stores import pack, unpack
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
    count, worst = recompute(tmp_path, filled, 5, ())
    assert count == 2
    assert worst == pytest.approx(0.25, abs=1e-3)
    assert recompute(tmp_path, filled, 1, ()) == (1, 0.0)


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
    assert recompute(tmp_path, stores.features, 5, ()) == (1, 0.0)
