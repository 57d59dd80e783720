"""The bench's features as published files."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.exchange.ave_export import export_ave_h5
from avel.pipeline.exchange.feature_sets import features_store


@pytest.fixture(scope="module")
def exported(bench: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out, data = tmp_path_factory.mktemp("ave_h5"), open_ave(bench[0])
    done = list(export_ave_h5(data, features_store(bench[1], "", data), out, bench[1]))
    assert done == [*range(1, 73), *range(1, 17)]
    return out


def read(path: Path, name: str = "avadataset") -> np.ndarray:
    with h5py.File(path) as file:
        return np.asarray(file[name][()])
