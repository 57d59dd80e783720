"""A checkpoint's card: read without its weights and without torch, and refused where it is wrong."""

import ast
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from avel.models import card
from avel.models.card import (
    FORMAT,
    MATCHERS,
    Card,
    CheckpointError,
    card_of,
    check_features,
    describe,
    differing,
    require,
    unreadable,
)
from avel.models.table import MATCHING

FIELDS = {
    "name": "dmsf",
    "options": {"d_model": 16},
    "classes": ["a", "b"],
    "cells": 10,
    "features": {"stage": "features", "config": {"extractor": "x"}},
    "training": {"videos": 3},
    "knows": "two drawn things",
    "decoder": {"decoder": "argmax"},
}


def write(path: Path, fields: Any = FIELDS, written: int = FORMAT) -> Path:
    metadata = {"avel": json.dumps({"format": written, **fields})}
    arrays = {
        "model.weight": np.zeros((2, 3), np.float32),
        "extra.visual.threshold": np.array(1.5, np.float32),
        "extra.audio.mean": np.arange(3, dtype=np.float16),
    }
    save_file(arrays, path, metadata)
    return path


def test_matchers_are_those_of_the_table() -> None:
    """The names stand here too, so that a command can tell them without torch."""
    assert MATCHING.keys() == MATCHERS


def test_it_needs_no_torch() -> None:
    tree = ast.parse(Path(card.__file__).read_text())
    imports = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert imports
    assert not [line for line in imports if "torch" in line or "avel" in line]


def test_what_is_said(tmp_path: Path) -> None:
    found = describe(write(tmp_path / "m.safetensors"))
    assert found.card == Card(**{**FIELDS, "classes": ("a", "b")})  # type: ignore[arg-type]
    assert set(found.extra) == {"visual.threshold", "audio.mean"}
    assert found.extra["visual.threshold"] == 1.5
    assert found.extra["audio.mean"].dtype == np.float32
    np.testing.assert_array_equal(found.extra["audio.mean"], [0, 1, 2])


def test_what_older_files_leave_out_has_its_default(tmp_path: Path) -> None:
    needed = {k: FIELDS[k] for k in ("name", "options", "classes", "cells", "features")}
    read = describe(write(tmp_path / "m.safetensors", needed)).card
    assert (dict(read.training), read.knows, dict(read.decoder)) == ({}, "", {})


def test_no_file(tmp_path: Path) -> None:
    path = tmp_path / "none.safetensors"
    for read in (describe, require):
        with pytest.raises(
            CheckpointError,
            match=r"none\.safetensors: no such checkpoint; `avel train` writes one into its run",
        ):
            read(path)
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        require(tmp_path)  # a folder is no checkpoint
    require(write(path))


@pytest.mark.parametrize(
    "content", [b"", b"text", struct.pack("<Q", 10**6) + b"{}", struct.pack("<Q", 2) + b"[]"]
)
def test_damaged_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r"m\.safetensors: cannot be read as safetensors \(.+\); copy it"
    ):
        describe(path)


def test_a_cut_file(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors")
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CheckpointError, match="cannot be read as safetensors"):
        describe(path)


def test_a_file_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"w": np.zeros(2, np.float32)}, path)
    with pytest.raises(
        CheckpointError,
        match=r"other\.safetensors: is not a checkpoint of a localization model \(metadata: none\)",
    ):
        describe(path)
    save_file({"w": np.zeros(2, np.float32)}, path, {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"\(metadata: \['format'\]\)"):
        describe(path)


def test_another_format(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", written=FORMAT + 1)
    with pytest.raises(CheckpointError, match=f"format {FORMAT + 1}, this avel reads format 1"):
        describe(path)


def test_the_cards_classes_are_a_tuple() -> None:
    read = card_of(Path("m"), {"avel": json.dumps({"format": FORMAT, **FIELDS})})
    assert read.classes == ("a", "b")


def test_an_unreadable_files_sentence() -> None:
    said = str(unreadable(Path("a/b.safetensors"), OSError("gone")))
    assert said == "a/b.safetensors: cannot be read as safetensors (gone); copy it again"


# Features of another recipe.


def test_differing_names_each_leaf_with_both_values() -> None:
    a = {"stage": "features", "config": {"extractor": "x", "options": {"F": 1}}, "only": 1}
    b = {"stage": "features", "config": {"extractor": "y", "options": {"F": 4}}}
    assert differing(a, b) == [
        ("config.extractor", "x", "y"),
        ("config.options.F", 1, 4),
        ("only", 1, None),
    ]
    assert differing(b, a)[-1] == ("only", None, 1)
    assert differing(a, a) == []
    assert differing({"a": {"b": 1}}, {"a": 2}) == [("a", {"b": 1}, 2)]


def test_features_of_another_recipe_are_refused() -> None:
    own = Card(**{**FIELDS, "classes": ("a", "b")})  # type: ignore[arg-type]
    check_features(Path("m"), own, FIELDS["features"])  # type: ignore[arg-type]
    other = {"stage": "features", "config": {"extractor": "z"}}
    with pytest.raises(
        CheckpointError,
        match=r"m: was trained on other features \(config\.extractor: checkpoint 'x', features "
        r"'z'\); extract them as the checkpoint wants, or train on these",
    ):
        check_features(Path("m"), own, other)
