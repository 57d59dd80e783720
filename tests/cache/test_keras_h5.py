import errno
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from avel.cache.ave_h5 import LayoutError
from avel.cache.errors import CacheUnavailable
from avel.cache.keras_h5 import read_keras


def write(path: Path) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    kernel, bias = rng.standard_normal((3, 4)), rng.standard_normal(4).astype(np.float32)
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([b"dense", b"empty"])
        layer = file.create_group("dense")
        layer.attrs["weight_names"] = np.array([b"dense/kernel:0", b"dense/bias:0"])
        layer["dense/kernel:0"], layer["dense/bias:0"] = kernel, bias
        file.create_group("empty").attrs["weight_names"] = np.zeros(0, "S1")
    return {"dense/kernel": kernel.astype(np.float32), "dense/bias": bias}


def test_arrays_by_layer(tmp_path: Path) -> None:
    expected = write(tmp_path / "a.h5")
    found = read_keras(tmp_path / "a.h5")
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], array)


def test_names_as_text(tmp_path: Path) -> None:
    expected = write(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file.attrs["layer_names"] = ["dense", "empty"]
        file["dense"].attrs["weight_names"] = ["dense/kernel:0", "dense/bias:0"]
    found = read_keras(tmp_path / "a.h5")
    assert found.keys() == expected.keys()
    np.testing.assert_array_equal(found["dense/kernel"], expected["dense/kernel"])


def test_what_is_no_keras_file(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=r"none.h5: cannot be read as HDF5 .*download it again"):
        read_keras(tmp_path / "none.h5")
    (tmp_path / "a.h5").write_bytes(b"text")
    with pytest.raises(LayoutError, match=r"a.h5: cannot be read as HDF5 .*download it again"):
        read_keras(tmp_path / "a.h5")
    h5py.File(tmp_path / "b.h5", "w").close()
    with pytest.raises(
        LayoutError, match=r"b.h5: has no layer_names, so it holds no Keras weights"
    ):
        read_keras(tmp_path / "b.h5")


def test_what_may_not_be_read_is_not_downloaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    write(tmp_path / "a.h5")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CacheUnavailable, match=r"a.h5: cannot be read now \(Permission denied\)"):
        read_keras(tmp_path / "a.h5")
