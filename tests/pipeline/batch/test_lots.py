"""Lots: every file once, named by what they hold."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.batch.lots import LARGEST, MOST_LOTS, SMALLEST, Lots, Part, lot_size
from avel.pipeline.media.paths import Paths
from avel.pipeline.reasons import InputError

NAMES = st.lists(
    st.binary(min_size=1, max_size=9).map(lambda b: b.replace(b"\0", b"x")), max_size=40
)


@given(NAMES, st.integers(1, 9))
def test_every_file_once_and_in_order(names: list[bytes], size: int) -> None:
    paths = [Path("/media") / os.fsdecode(name.replace(b"/", b"_")) for name in names]
    lots = list(Lots(Paths(paths), size))
    assert [path for lot in lots for path in lot.paths] == paths
    assert [len(lot.paths) for lot in lots[:-1]] == [size] * (len(lots) - 1)


def test_lists_that_differ_elsewhere_agree_on_a_lot() -> None:
    paths = [Path(f"/m/{n}.mp4") for n in range(8)]
    other = Paths([*paths[:4], Path("/m/other.mp4")])
    one, two = Lots(Paths(paths), 4), Lots(other, 4)
    assert one[0] == two[0]
    assert one[1].name != two[1].name


@given(st.integers(0, 30), st.integers(1, 6), st.sets(st.integers(0, 29)))
def test_loops_that_choose_fewer_agree_on_lots(count: int, size: int, failed: set[int]) -> None:
    """A loop that begins later finds less to try again; its other lots are the same ones."""
    paths = Paths(Path(f"/m/{n}.mp4") for n in range(count))
    chosen = sorted(n for n in failed if n < count)
    lots = list(Lots(paths, size, chosen, "retry OOM"))
    assert [path for lot in lots for path in lot.paths] == [paths[n] for n in chosen]
    later = list(Lots(paths, size, chosen[1:], "retry OOM"))
    names = [lot.name for lot in lots]
    assert [lot.name for lot in later] in (names, names[1:])
    assert not {lot.name for lot in Lots(paths, size)} & set(names), "it is other work"
    assert not {lot.name for lot in Lots(paths, size, chosen, "retry EMPTY")} & set(names)


def test_lots_are_told_by_their_place() -> None:
    lots = Lots(Paths(Path(f"/m/{n}.mp4") for n in range(9)), 4)
    assert len(lots) == 3
    assert [len(lot.paths) for lot in lots[1:]] == [4, 1]
    with pytest.raises(IndexError, match="lot 3 of 3"):
        lots[3]


def test_a_lot_has_one_name_however_its_files_are_spelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or two machines would both claim it."""
    monkeypatch.chdir(tmp_path)
    spelt = Paths()
    spelt.add_below(Path("in/.."), [b"./a.mp4", b"b//c.mp4", b"d/./e.mp4"])
    plain = [tmp_path / "in" / ".." / name for name in ("a.mp4", "b/c.mp4", "d/e.mp4")]
    assert Lots(spelt, 4)[0] == Lots(Paths(plain), 4)[0]


def test_relative_names_are_those_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [lot] = Lots(Paths([Path("a.mp4")]), 4)
    assert lot.paths == [tmp_path / "a.mp4"]


@pytest.mark.parametrize(
    ("files", "size"),
    [(1, SMALLEST), (300, 4), (1_000, 7), (3_000, 23), (1_000_000, LARGEST)],
)
def test_lots_are_small_in_short_lists(files: int, size: int) -> None:
    assert lot_size(files) == size
    assert -(-1_000_000 // lot_size(1_000_000)) <= MOST_LOTS


@given(st.integers(1, 7), st.integers(0, 30))
def test_parts_are_all_of_it_and_alike(of: int, files: int) -> None:
    paths = Paths(Path(str(n)) for n in range(files))
    parts = [list(Part(number, of).of_paths(paths)) for number in range(1, of + 1)]
    assert sorted(path for part in parts for path in part) == sorted(paths)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "a/b", "1/0", "-1/2", "1/2/3"])
def test_a_part_that_is_none_is_named(text: str) -> None:
    with pytest.raises(InputError, match=r"--shard .*must be i/n with 1 <= i <= n"):
        Part.parse(text)


def test_a_part_is_read() -> None:
    assert Part.parse("2/8") == Part(2, 8)
