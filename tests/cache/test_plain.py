import errno
import os
from pathlib import Path

import numpy as np
import pytest

from avel.cache.errors import CacheUnavailable
from avel.cache.plain import (
    FileMap,
    chunks,
    exists,
    listing,
    opened,
    read_at,
    read_text,
    write_all_at,
    write_at,
)
from tests.cache.items import refusing


def made(path: Path, size: int = 600_000) -> bytes:
    data = np.random.default_rng(0).bytes(size)
    path.write_bytes(data)
    return data


def test_a_missing_folder_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / "b").touch()
    (tmp_path / "a").touch()
    assert listing(tmp_path) == ["a", "b"]
    assert listing(tmp_path / "none") is None


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.EMFILE])
def test_a_folder_that_may_not_be_listed_is_no_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_: object) -> list[str]:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(CacheUnavailable, match=os.strerror(number)):
        listing(tmp_path)


def test_existence_that_the_system_does_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert exists(tmp_path)
    assert not exists(tmp_path / "none")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(CacheUnavailable, match="Permission denied"):
        exists(tmp_path / "none")


def test_text_of_no_file_and_of_no_utf8(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x\xff\n")
    assert read_text(tmp_path / "a") == "x\ufffd\n"
    assert read_text(tmp_path / "none") is None


def test_ranges_are_read_whole_or_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = made(tmp_path / "a")
    real = os.preadv
    monkeypatch.setattr(
        os, "preadv", lambda fd, bs, at: real(fd, [bs[0][:1000]], at)
    )  # short reads
    with opened(tmp_path / "a") as handle:
        assert read_at(handle, 7, 300_000).tobytes() == data[7:300_007]
        assert read_at(handle, 599_990, 100).tobytes() == data[-10:]
        parts = [chunk.tobytes() for chunk in chunks(handle, 7, 10_000)]
    assert b"".join(parts) == data[7:10_007]
    assert len(parts) == 10


def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real(fd, data[:7], at))
    with (tmp_path / "a").open("wb", buffering=0) as file:
        write_at(file.fileno(), 3, b"0123456789" * 3)
        write_at(file.fileno(), 5, b"")
    assert (tmp_path / "a").read_bytes() == b"\0\0\0" + b"0123456789" * 3


@pytest.mark.parametrize(("most", "short"), [(1_024, False), (3, False), (3, True), (1_024, True)])
def test_pieces_are_written_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, short: bool
) -> None:
    """However many the system takes at once, and where it takes only some of their bytes."""
    arrays: list[np.ndarray] = [np.arange(n * 2, dtype=np.float32).reshape(n, 2) for n in range(8)]
    arrays += [np.ones(5, bool), np.zeros((0, 3), np.float16), np.ones((2, 1, 3), np.float16)]
    real = os.pwritev

    def cut(handle: int, pieces: list[np.ndarray], at: int) -> int:
        return real(handle, [b"".join(pieces)[:11]], at)

    monkeypatch.setattr("avel.cache.plain.MOST_PIECES", most)
    if short:
        monkeypatch.setattr(os, "pwritev", cut)
    with (tmp_path / "a").open("wb", buffering=0) as file:
        write_all_at(file.fileno(), 3, arrays)
        write_all_at(file.fileno(), 0, arrays[:1])
    expected = b"\0\0\0" + b"".join(array.tobytes() for array in arrays)
    assert (tmp_path / "a").read_bytes() == expected


def test_chunks_of_nothing_and_past_the_end(tmp_path: Path) -> None:
    made(tmp_path / "a", 10)
    with opened(tmp_path / "a") as handle:
        assert list(chunks(handle, 0, 0)) == []
        assert [len(chunk) for chunk in chunks(handle, 4, 100)] == [6]


def test_opening_names_the_refusal(tmp_path: Path) -> None:
    made(tmp_path / "a")
    with (
        refusing(errno.EMFILE, tmp_path / "a"),
        pytest.raises(CacheUnavailable, match=r"a: cannot be read now \(Too many open files\)"),
        opened(tmp_path / "a"),
    ):
        pass
    with pytest.raises(FileNotFoundError), opened(tmp_path / "none"):
        pass


def test_a_map_shows_the_file_and_keeps_no_descriptor(tmp_path: Path) -> None:
    data = made(tmp_path / "a")
    before = len(os.listdir("/proc/self/fd"))
    with opened(tmp_path / "a") as handle:
        whole = np.asarray(FileMap(handle, len(data)))
    assert len(os.listdir("/proc/self/fd")) == before
    assert whole.tobytes() == data
    assert not whole.flags.writeable


def maps_of(path: Path) -> int:
    return Path("/proc/self/maps").read_text().count(str(path))


def test_a_map_lives_as_long_as_its_last_view(tmp_path: Path) -> None:
    path = tmp_path / "a"
    data = made(path)
    with opened(path) as handle:
        view = np.asarray(FileMap(handle, len(data)))[100:200].view(np.float32)
    assert maps_of(path) == 1
    assert view.tobytes() == data[100:200]
    del view
    assert maps_of(path) == 0


def test_pages_that_are_gone_are_told_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a"
    made(path)
    with opened(path) as handle:
        mapped = FileMap(handle, 600_000)
    assert mapped.populate(5000, 100_000)
    assert mapped.populate(0, 0)
    os.truncate(path, 4096)
    assert mapped.populate(10, 100)
    assert not mapped.populate(5000, 100_000)


def test_a_map_that_cannot_be_made(tmp_path: Path) -> None:
    made(tmp_path / "a")
    with (
        pytest.raises(CacheUnavailable, match="Cannot allocate memory"),
        opened(tmp_path / "a") as handle,
    ):
        FileMap(handle, 1 << 60)
