"""Labels that are written in two ways."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.annotations.names import (
    check_capitals,
    check_renames,
    distance,
    near,
    one_name,
    quoted,
    renames_of,
)
from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import put


def test_spaces_are_single() -> None:
    assert one_name("  Dog \t barking\n") == "Dog barking"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Dog barking", "Dog baking", True),
        ("Dog barking", "Dog bakring", True),
        ("Dog barking", "Dog-barking", True),
        ("Church bell", "Chruch bel", True),
        ("Bark", "Brak", True),
        ("Cat", "Car", False),
        ("Bark", "Park lane", False),
        ("Violin", "Flute", False),
        ("speaker 1", "speaker 2", False),
        ("Male speech", "Female speech", True),
        ("!", "?", False),
    ],
)
def test_which_are_alike(one: str, other: str, alike: bool) -> None:
    assert bool(near(Counter({one: 2, other: 1}))) == alike
    assert bool(near(Counter({one: 1, other: 2}))) == alike


def test_what_is_said_of_two_that_are_alike() -> None:
    assert near(Counter({"Bark": 12, "Brak": 3, "Flute": 1})) == [
        "labels 'Bark' (12) and 'Brak' (3) are alike; if they are one event: --rename 'Brak=Bark'"
    ]


def test_capitals_alone_are_refused() -> None:
    check_capitals(Counter({"Dog barking": 12, "Bark": 1}))
    with pytest.raises(InputError, match=r"labels 'Dog barking' \(12\) and 'dog barking' \(3\) differ by capitals alone; give one name: --rename 'dog barking=Dog barking'"):  # fmt: skip
        check_capitals(Counter({"dog barking": 3, "Dog barking": 12}))


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("abc", "axc", 1), ("kitten", "sitting", 3)],
)
def test_distances(one: str, other: str, steps: int) -> None:
    assert distance(one, other, 5) == distance(other, one, 5) == steps


@given(st.text("ab", max_size=6), st.text("ab", max_size=6), st.integers(0, 3))
def test_a_distance_is_never_more_than_one_over(one: str, other: str, most: int) -> None:
    assert distance(one, other, most) == min(distance(one, other, 9), most + 1)


def test_new_names_by_the_old(tmp_path: Path) -> None:
    table = put(tmp_path, "names.csv", 'brak,Bark\n"a = b",Both\n')
    assert renames_of(["dog  barking=Bark", "x=y=z"], [table]) == {
        "dog barking": "Bark",
        "x": "y=z",
        "brak": "Bark",
        "a = b": "Both",
    }
    assert renames_of(["a=b", "a=b"]) == {"a": "b"}


@pytest.mark.parametrize("word", ["Bark", "=Bark", "Bark=", " = "])
def test_a_word_that_is_no_pair(word: str) -> None:
    with pytest.raises(
        InputError, match="must be OLD=NEW; a name that holds '=' goes into a table"
    ):
        renames_of([word])


def test_one_name_with_two_new_ones() -> None:
    with pytest.raises(InputError, match="--rename 'a': is to be both 'b' and 'c'; give it one"):
        renames_of(["a=b", "a=c"])


@pytest.mark.parametrize("text", ["a\n", "a,b,c\n", "a,\n"])
def test_a_table_that_is_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        InputError, match=r"names\.csv, row 1: .* must be an old name and a new one"
    ):
        renames_of([], [put(tmp_path, "names.csv", text)])


def test_a_table_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read as a CSV table"):
        renames_of([], [put(tmp_path, "names.csv", "a," + "b" * 140_000)])


def test_a_name_that_is_not_there() -> None:
    check_renames({"Brak": "Bark"}, ["Brak", "Flute"])
    with pytest.raises(InputError, match="--rename 'Brk': no annotation has this label; did you m"):
        check_renames({"Brk": "Bark"}, ["Brak", "Flute"])
    with pytest.raises(InputError, match="there are Bark, Flute"):
        check_renames({"xyz": "Bark"}, ["Flute", "Bark"])


def test_as_a_shell_takes_it() -> None:
    assert quoted("dog's", "Bark") == "'dog'\\''s=Bark'"
