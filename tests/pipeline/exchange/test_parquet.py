"""Parquet files as pyarrow and pandas read them."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow.parquet
import pytest

from avel.pipeline.exchange import parquet
from avel.pipeline.exchange.parquet import ParquetForm
from avel.pipeline.reasons import EnvironmentProblem
from tests.cache.items import key
from tests.pipeline.exchange.sets import export, features, fill


@pytest.mark.parametrize("read", [pandas.read_parquet, None], ids=["pandas", "pyarrow"])
def test_parquet_reads_every_item_back(tmp_path: Path, read: Any) -> None:
    store = fill(tmp_path / "c", range(7))
    export(store, tmp_path / "c", tmp_path / "o", ParquetForm())
    found = {}
    for path in sorted((tmp_path / "o").glob("*.parquet")):
        table = read(path) if read else pyarrow.parquet.read_table(path).to_pandas()
        found |= {row["key"]: row for _, row in table.iterrows()}
    assert len(found) == 7
    for number in range(7):
        row, expected = found[key(number)], features(number)
        for name in ("visual", "visual_map", "audio"):
            array = row[name].reshape(row[f"{name}_shape"])
            assert array.dtype == getattr(expected, name).dtype
            np.testing.assert_array_equal(array, getattr(expected, name))
        assert row["duration"] == expected.duration
        assert tuple(row["flags"]) == expected.flags
        np.testing.assert_array_equal(row["visual_mask"], expected.visual_mask)
        assert json.loads(row["info"])["audio_mask"] == expected.audio_mask.tolist()


def test_parquet_in_several_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_BYTES", 1)
    store = fill(tmp_path / "c", range(4))
    export(store, tmp_path / "c", tmp_path / "o", ParquetForm(), 4)
    file = pyarrow.parquet.ParquetFile(tmp_path / "o" / "features-000000.parquet")
    assert file.num_row_groups == 4
    assert file.read()["key"].to_pylist() == sorted(key(n) for n in range(4))


def test_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(
        EnvironmentProblem, match=r"needs pyarrow, .* pip install 'avel\[parquet\]'"
    ):
        ParquetForm()
