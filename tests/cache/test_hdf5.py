import errno
import io
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avel.cache.errors import CacheUnavailable
from avel.cache.hdf5 import Drawing, drawing, open_hdf5, reading_hdf5, reserve

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 60), st.binary(min_size=1, max_size=20)),
        st.tuples(st.just("read"), st.integers(0, 60), st.integers(0, 30)),
    ),
    max_size=20,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(STEPS)
def test_a_drawing_behaves_as_a_file_does(
    tmp_path: Path, tmp_steps: list[tuple[str, int, bytes | int]]
) -> None:
    paper, real = Drawing(), io.BytesIO()
    for kind, at, what in tmp_steps:
        assert paper.seek(at) == real.seek(at)
        if kind == "write":
            assert isinstance(what, bytes)
            assert paper.write(what) == real.write(what)
        else:
            assert isinstance(what, int)
            buffer = bytearray(what)
            paper.readinto(buffer)
            got = real.read(what)
            assert bytes(buffer) == got.ljust(what, b"\0")
    with (tmp_path / "a").open("wb", buffering=0) as out:
        paper.paint(out.fileno())
    assert (tmp_path / "a").read_bytes() == real.getvalue()[: paper.size].ljust(paper.size, b"\0")


def test_a_drawing_is_measured_from_any_side() -> None:
    paper = Drawing()
    paper.truncate(100)
    assert paper.seek(-10, os.SEEK_END) == 90
    assert paper.seek(5, os.SEEK_CUR) == 95
    assert paper.truncate() == 95


def test_room_for_a_terabyte_costs_nothing_and_has_an_offset() -> None:
    with drawing(libver="latest") as (file, paper):
        offset = reserve(file, "big", (1 << 30, 256), np.float32)
        after = reserve(file, "after", (3,), np.uint8)
        assert reserve(file, "none", (0, 4), np.float32) == 0
    assert 0 < offset < 10_000
    assert after >= offset + (1 << 40)
    assert paper.size >= after + 3
    assert sum(len(piece) for _, piece in paper.pieces) < 20_000


def test_what_is_filled_in_at_the_offset_is_what_hdf5_reads(tmp_path: Path) -> None:
    values = np.random.default_rng(0).standard_normal((50, 7)).astype(np.float16)
    with drawing() as (file, paper):
        file.attrs["about"] = "x" * 500
        at = reserve(file.create_group("deep"), "a", values.shape, values.dtype)
        mask = reserve(file, "mask", (9,), bool)
    with (tmp_path / "a.h5").open("wb", buffering=0) as out:
        paper.paint(out.fileno())
        out.seek(at)
        out.write(values.tobytes())
        out.seek(mask)
        out.write(b"\1\0\1" * 3)
    with h5py.File(tmp_path / "a.h5") as file:
        np.testing.assert_array_equal(file["deep/a"][()], values)
        np.testing.assert_array_equal(file["mask"][()], [True, False, True] * 3)
        assert file["mask"].dtype == bool
        assert file.attrs["about"] == "x" * 500


def test_no_file_and_no_hdf5(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_hdf5(tmp_path / "none.h5")
    (tmp_path / "a.h5").write_bytes(b"text")
    with pytest.raises(OSError, match="file signature not found"):
        open_hdf5(tmp_path / "a.h5")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO])
def test_the_system_is_asked_before_hdf5(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "a.h5").write_bytes(b"text")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CacheUnavailable, match=os.strerror(number)):
        open_hdf5(tmp_path / "a.h5")


def test_an_errno_of_hdf5_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(CacheUnavailable, match="Stale"), reading_hdf5(tmp_path / "a"):
        raise OSError(errno.ESTALE, "Unable to open file (errno = 116, Stale file handle)")


def test_an_error_of_hdf5_without_errno_is_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(b"text")
    with pytest.raises(OSError, match="odd"), reading_hdf5(path):
        raise OSError("odd")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CacheUnavailable, match="Input/output error"), reading_hdf5(path):
        raise OSError("odd")
