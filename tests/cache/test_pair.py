"""What two words mean: stores of one cache, or one store of two caches."""

from pathlib import Path

import pytest

from avel.cache.errors import CacheError
from avel.cache.pair import find_pair
from avel.cache.store import Store


def make(root: Path, n: int, stage: str = "features") -> Store:
    return Store(root, stage, {"stage": stage, "n": n})


def test_two_fingerprints(tmp_path: Path) -> None:
    one, other = make(tmp_path, 1), make(tmp_path, 2)
    found = find_pair(tmp_path, one.fingerprint[:9], other.fingerprint)
    assert [store.folder for store in found] == [one.folder, other.folder]


def test_two_folders(tmp_path: Path) -> None:
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    for root, numbers in ((a, (1, 2)), (b, (2, 3))):
        for n in numbers:
            make(Path(root), n)
            make(Path(root), n, "segments")
    found = find_pair(tmp_path, a, b)
    expected = make(Path(a), 2)
    assert [store.folder for store in found] == [expected.folder, make(Path(b), 2).folder]
    segments = make(Path(a), 2, "segments").fingerprint
    assert find_pair(tmp_path, a, b, segments[:12])[1].stage == "segments"


def test_where_there_is_not_one_pair(tmp_path: Path) -> None:
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    one = make(Path(a), 1)
    make(Path(b), 2)
    with pytest.raises(CacheError, match="have 0 stores of the same fingerprint; compare others"):
        find_pair(tmp_path, a, b)
    make(Path(a), 2)
    make(Path(b), 1)
    with pytest.raises(CacheError, match=r"have 2 stores of the .* \(features .*name one with"):
        find_pair(tmp_path, a, b)
    assert find_pair(tmp_path, a, b, one.fingerprint[:12])[0].fingerprint == one.fingerprint
    with pytest.raises(CacheError, match=r"have 0 stores .* that begin with 'zz'; compare others"):
        find_pair(tmp_path, a, b, "zz")


def test_what_is_no_pair(tmp_path: Path) -> None:
    one, cells = make(tmp_path / "a", 1), make(tmp_path / "a", 1, "segments")
    mark, root = one.fingerprint[:12], tmp_path / "a"
    with pytest.raises(CacheError, match="one is a folder and the other is none"):
        find_pair(root, str(root), mark)
    with pytest.raises(CacheError, match=r"--store ab: goes with two cache folders"):
        find_pair(root, mark, mark, "ab")
    with pytest.raises(CacheError, match="are one and the same store; name two"):
        find_pair(root, mark, mark[:10])
    with pytest.raises(CacheError, match=r"are features and .* are segments; name two stores of"):
        find_pair(root, mark, cells.fingerprint)
    with pytest.raises(CacheError, match="0 stores match 'zz'"):
        find_pair(root, "zz", mark)
    with pytest.raises(CacheError, match="are one and the same folder; name two"):
        find_pair(root, str(root), f"{root}/")
