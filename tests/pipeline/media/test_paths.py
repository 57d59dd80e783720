"""A long list of paths behaves as a list, and takes little memory."""

import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.media.paths import Paths

NAMES = st.binary(min_size=1, max_size=12).map(lambda raw: raw.replace(b"\0", b"x"))
FOLDERS = st.sampled_from(["", ".", "in", "in/..", "/media", "./two//parts", "ü"]).map(Path)
BLOCKS = st.lists(st.tuples(FOLDERS, st.lists(NAMES, max_size=5)), max_size=5)


def both(blocks: list[tuple[Path, list[bytes]]]) -> tuple[Paths, list[Path]]:
    paths, expected = Paths(), []
    for folder, names in blocks:
        paths.add_below(folder, names)
        expected += [folder / os.fsdecode(name) for name in names]
    return paths, expected


@given(BLOCKS)
def test_it_is_the_list_that_it_stands_for(blocks: list[tuple[Path, list[bytes]]]) -> None:
    paths, expected = both(blocks)
    assert list(paths) == expected
    assert len(paths) == len(expected)
    assert [paths[n] for n in range(-len(paths), len(paths))] == expected * 2
    assert paths == expected
    assert paths != [*expected, Path("one more")]


@given(BLOCKS, st.slices(12), st.slices(5))
def test_parts_of_parts(blocks: list[tuple[Path, list[bytes]]], one: slice, two: slice) -> None:
    paths, expected = both(blocks)
    assert list(paths[one]) == expected[one]
    assert list(paths[one][two]) == expected[one][two]
    chosen = [n for n in range(len(expected)) if n % 2]
    assert list(paths.at(chosen)) == [expected[n] for n in chosen]
    assert list(paths.at(chosen)[::-1]) == [expected[n] for n in chosen][::-1]


@given(BLOCKS)
def test_whole_names_are_those_of_the_paths(blocks: list[tuple[Path, list[bytes]]]) -> None:
    paths, expected = both(blocks)
    found = [paths.absolute(n) for n in range(len(paths))]
    assert found == [os.fsencode(path.absolute()) for path in expected]


def test_single_paths_and_folders_in_turn() -> None:
    paths = Paths([Path("a.mp4"), Path("/b/c.mp4")])
    paths.add_below(Path("d"), [b"e.mp4", b"/f.mp4"])
    paths.add(Path("g.mp4"))
    names = ["a.mp4", "/b/c.mp4", "d/e.mp4", "/f.mp4", "g.mp4"]
    assert paths == [Path(name) for name in names]


@pytest.mark.parametrize("place", [2, -3])
def test_there_are_no_more(place: int) -> None:
    with pytest.raises(IndexError, match=f"place {place} of 2 paths"):
        Paths([Path("a"), Path("b")])[place]


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_names_are_taken_up_some_at_once(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avel.pipeline.media.paths.AT_ONCE", at_once)
    paths = Paths([Path("/x/first.mp4")])
    paths.add_below(Path("/m"), (b"%d" % 10**n for n in range(7)))
    assert list(paths) == [Path("/x/first.mp4"), *(Path(f"/m/{10**n}") for n in range(7))]


def test_a_path_more_costs_little_more_than_its_name() -> None:
    """Objects take 300 bytes each."""

    def held(count: int) -> int:
        tracemalloc.start()
        paths = Paths()
        paths.add_below(Path("/media"), (b"films/%08d.mp4" % n for n in range(count)))
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(paths) == count
        return size

    assert (held(12_000) - held(2_000)) / 10_000 < 1.3 * (len("films/00000000.mp4") + 8)
