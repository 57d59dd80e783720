import errno
import os
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from avel.cache.ave_h5 import (
    LayoutError,
    open_features,
    read_labels,
    read_one_hot,
    read_order,
    write_features,
    write_labels,
    write_order,
)
from avel.cache.errors import CacheError, CacheUnavailable

PLAIN = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20
)


@PLAIN
@given(hnp.arrays(np.int64, st.integers(0, 20), elements=st.integers(0, 999)))
def test_orders_are_read_as_written(tmp_path: Path, order: np.ndarray) -> None:
    write_order(tmp_path / "a.h5", order)
    np.testing.assert_array_equal(read_order(tmp_path / "a.h5", 1000), order)
    with h5py.File(tmp_path / "a.h5") as file:
        np.testing.assert_array_equal(file["order"][()], order)


@PLAIN
@given(hnp.arrays(np.float32, hnp.array_shapes(max_dims=3), elements=st.floats(-9, 9, width=32)))
def test_labels_are_read_as_written(tmp_path: Path, labels: np.ndarray) -> None:
    write_labels(tmp_path / "a.h5", labels)
    found = read_labels(tmp_path / "a.h5")
    np.testing.assert_array_equal(found, labels)
    assert found.dtype == np.float32
    assert os.listdir(tmp_path) == ["a.h5"]


def test_orders_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write_order(path, [0, 5])
    with pytest.raises(LayoutError, match=r"a.h5: row 5 is not among the 5 annotation rows"):
        read_order(path, 5)
    write_order(path, [0, -1])
    with pytest.raises(LayoutError, match=r"row -1 is not among the 5 annotation rows"):
        read_order(path, 5)
    with h5py.File(path, "w") as file:
        file["order"] = np.zeros((2, 2))
    with pytest.raises(
        LayoutError, match=r"'order' has shape \(2, 2\) of float64; expected \(N,\)"
    ):
        read_order(path, 5)
    write_labels(path, [1])
    with pytest.raises(LayoutError, match=r"has no dataset 'order' \(datasets: avadataset\)"):
        read_order(path, 5)


def test_one_hot_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    classes = np.random.default_rng(0).integers(0, 4, (3, 10))
    write_labels(path, np.eye(4)[classes])
    np.testing.assert_array_equal(read_one_hot(path, (3, 10, 4)), classes)
    with pytest.raises(LayoutError, match=r"has shape \(3, 10, 4\), expected \(3, 10, 5\)"):
        read_one_hot(path, (3, 10, 5))
    hot = np.eye(4)[classes]
    hot[2, 7] = [1, 0, 1, 0]
    write_labels(path, hot)
    with pytest.raises(
        LayoutError,
        match=r"not one-hot at \(2, 7\): \[1.0, 0.0, 1.0, 0.0\].*expected one 1 among 4",
    ):
        read_one_hot(path, (3, 10, 4))


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.h5"
    with pytest.raises(LayoutError, match=r"a.h5: is not a readable HDF5 file .*copy it again"):
        read_labels(path)
    path.write_bytes(b"text")
    with pytest.raises(LayoutError, match=r"a.h5: is not a readable HDF5 file .*copy it again"):
        read_labels(path)
    with pytest.raises(LayoutError, match="is not a readable HDF5 file"), open_features(path, (1,)):
        pass

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CacheUnavailable, match=r"a.h5: cannot be read now \(Too many open files\)"):
        read_labels(path)


def rows_of(files: dict[Path, np.ndarray], skip: int = -1) -> Iterator[dict[Path, np.ndarray]]:
    for number in range(3):
        yield {} if number == skip else {path: values[number] for path, values in files.items()}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_features_are_read_as_written(tmp_path: Path, dtype: str) -> None:
    rng = np.random.default_rng(0)
    files = {
        tmp_path / "a.h5": rng.standard_normal((3, 10, 4)).astype(np.float32),
        tmp_path / "b.h5": rng.standard_normal((3, 10, 7, 7, 2)).astype(np.float32),
    }
    shapes = {path: values.shape for path, values in files.items()}
    assert list(write_features(shapes, rows_of(files, skip=1), dtype)) == [1, 2, 3]
    assert sorted(os.listdir(tmp_path)) == ["a.h5", "b.h5"]
    for path, values in files.items():
        values[1] = 0
        with open_features(path, (3, 10, *[None] * (values.ndim - 2))) as found:
            assert found.num_rows == 3
            for number in range(3):
                assert found.row(number).dtype == np.float32
                np.testing.assert_array_equal(found.row(number), values[number])
        with h5py.File(path) as file:
            assert file["avadataset"].dtype == dtype
            assert file["avadataset"].chunks is None
            np.testing.assert_array_equal(file["avadataset"][()], values)


def test_features_of_another_shape(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write_labels(path, np.zeros((3, 10, 4)))
    with (
        pytest.raises(
            LayoutError, match=r"has shape \(3, 10, 4\) of float32, expected \(5, 10, \*\)"
        ),
        open_features(path, (5, 10, None)),
    ):
        pass
    write_order(path, [1])
    with (
        pytest.raises(LayoutError, match=r"has no dataset 'avadataset' \(datasets: order\)"),
        open_features(path, (1,)),
    ):
        pass


def test_values_that_cannot_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["avadataset"] = np.array([[0.5], [0.1], [np.nan]])
    with open_features(path, (3, 1)) as found:
        np.testing.assert_array_equal(found.row(0), [0.5])
        with pytest.raises(
            LayoutError, match="row 1 holds float64 values that float32 cannot keep"
        ):
            found.row(1)
        with pytest.raises(LayoutError, match="row 2 holds a value that is not finite"):
            found.row(2)


def test_an_error_of_the_reader_is_not_the_files(tmp_path: Path) -> None:
    write_labels(tmp_path / "a.h5", [[1.0]])
    with pytest.raises(OSError, match="elsewhere"), open_features(tmp_path / "a.h5", (1, 1)):
        raise OSError(errno.ENOSPC, "elsewhere")


def test_a_run_that_ends_early_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(b"what was there")
    done = write_features({path: (3, 2)}, rows_of({path: np.ones((3, 2))}), "float32")
    assert next(done) == 1
    done.close()  # type: ignore[attr-defined]
    assert os.listdir(tmp_path) == ["a.h5"]
    assert path.read_bytes() == b"what was there"


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(
        CacheError, match=r"a.h5: cannot be written \(Permission denied\); give a writable"
    ):
        write_order(tmp_path / "a.h5", [1])
    with pytest.raises(CacheError, match=r"cannot be written \(Permission denied\)"):
        list(write_features({tmp_path / "a.h5": (3, 2)}, iter(()), "float32"))
