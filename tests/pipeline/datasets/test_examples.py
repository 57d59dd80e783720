"""Examples to teach by: every way of naming them, and every sentence of refusal."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.cache.ave_h5 import write_order
from avel.pipeline.datasets.examples import (
    BACKGROUND,
    Example,
    check,
    example_of,
    examples_in,
    in_words,
)
from avel.pipeline.formats.names import escaped
from avel.pipeline.reasons import InputError


def spans(examples: list[Example]) -> list[tuple[float, float | None]]:
    return [(e.onset, e.offset) for e in examples]


@pytest.mark.parametrize(
    "file",
    ["a.mp4", "a,b.mp4", "C:clip.mp4", "my dog, at home.mp4", ".hidden", "-x.mp4", "2-5", "a=1-2"],
)
def test_nothing_inside_a_file_name_is_split(file: str) -> None:
    (example,) = example_of(["Bark", file, "2-5"])
    assert (example.label, example.path, example.onset, example.offset) == (
        "Bark",
        Path(file),
        2,
        5,
    )


def test_no_time_is_the_whole_film_and_several_are_several() -> None:
    assert spans(example_of(["Bark", "a.mp4"])) == [(0, None)]
    assert spans(example_of(["Bark", "a.mp4", "2.5-7", "8-9.25"])) == [(2.5, 7), (8, 9.25)]


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_every_pair_of_times_is_read_as_it_is_written(start: int, length: int) -> None:
    on, off = start / 100, (start + length) / 100
    assert spans(example_of(["Bark", "a.mp4", f"{on:.2f}-{off:.2f}"])) == [(on, off)]


@pytest.mark.parametrize(
    "text", ["b.mp4", "5", "2-", "-5", "2-5-7", "a-b", "1e1-20", "2-inf", "nan-3", ".-1", "1..2-3"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(InputError, match="is no time ON-OFF in seconds, such as 2-5") as refused:
        example_of(["Bark", "a.mp4", text])
    assert repr(text) in str(refused.value)
    assert "--event Bark a.mp4" in str(refused.value)


@pytest.mark.parametrize("text", ["5-2", "3-3"])
def test_an_offset_before_the_onset(text: str) -> None:
    with pytest.raises(InputError, match=f"{text} ends before it begins"):
        example_of(["Bark", "a.mp4", text])


def test_an_event_without_a_film() -> None:
    with pytest.raises(InputError, match="--event Bark: names no film; give --event NAME FILE"):
        example_of(["Bark"])


def test_an_event_without_a_name() -> None:
    with pytest.raises(InputError, match="an empty label names no event"):
        example_of([" ", "a.mp4"])


def test_spaces_in_a_name_are_one_and_background_has_a_name() -> None:
    assert example_of([" Rex  barks ", "a.mp4"])[0].label == "Rex barks"
    (example,) = example_of(["Background", "a.mp4"])
    assert example.label == BACKGROUND
    assert example.is_background


def test_one_label_in_two_cases() -> None:
    examples = [*example_of(["Bark", "a.mp4"]), *example_of(["bark", "b.mp4"])]
    with pytest.raises(InputError, match="events 'Bark' and 'bark' differ by capitals alone"):
        check(examples)


def test_the_same_seconds_for_two_events() -> None:
    examples = [*example_of(["Bark", "a.mp4", "2-5"]), *example_of(["Howl", "./a.mp4", "2.0-5.0"])]
    with pytest.raises(InputError, match=r"a.mp4: 2-5 s teaches both 'Bark' and 'Howl'"):
        check(examples)
    whole = [*example_of(["Bark", "a.mp4"]), *example_of(["Howl", "a.mp4"])]
    with pytest.raises(InputError, match="the whole film teaches both"):
        check(whole)


def test_what_is_said_twice_counts_once_and_overlaps_are_allowed() -> None:
    twice = example_of(["Bark", "a.mp4", "2-5", "2-5"])
    other = example_of(["Speech", "a.mp4", "3-9"])
    assert spans(check([*twice, *other])) == [(2, 5), (3, 9)]


def test_spans_in_words() -> None:
    assert in_words(Example("a", Path("f"), 0, None, "")) == "the whole film"
    assert in_words(Example("a", Path("f"), 2.5, None, "")) == "from 2.5 s on"
    assert in_words(Example("a", Path("f"), 2, 4.5, "")) == "2-4.5 s"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.mp4", "b, c.mp4"):
        (tmp_path / name).write_text("film")
    return tmp_path


def write(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_a_table_names_films_from_its_own_folder(folder: Path) -> None:
    path = write(
        folder,
        '\ufefflabel, Onset,offset,file,score\nBark,1,2.5,a.mp4,0.9\n\nHowl,,,"b, c.mp4",\n',
    )
    examples = examples_in(path)
    assert [(e.label, e.path) for e in examples] == [
        ("Bark", folder / "a.mp4"),
        ("Howl", folder / "b, c.mp4"),
    ]
    assert spans(examples) == [(1, 2.5), (0, None)]
    assert all(e.listed and not e.loose for e in examples)
    assert examples[1].source == f"{path}, row 3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,onset,label\na.mp4,1,Bark\n", "has no column offset; its first line must name"),
        ("", "has no column file, onset, offset, label"),
        ("a.mp4,1,2,Bark\n", "has no column file, onset, offset, label"),
        ("file,onset,offset,label\n", "has no rows below its first line"),
        ("file,onset,offset,label\na.mp4,1\n", "row 2: has 2 columns; expected file"),
        ("file,onset,offset,label\n,1,2,Bark\n", "row 2: names no film"),
        ("file,onset,offset,label\na.mp4,one,2,Bark\n", "row 2: onset 'one' and offset '2' must"),
        ("file,onset,offset,label\na.mp4,3,2,Bark\n", "row 2: 3-2 ends before it begins"),
        ("file,onset,offset,label\na.mp4,1,2, \n", "row 2: an empty label names no event"),
        ("file,onset,offset,label\nz.mp4,1,2,Bark\n", "none of its 1 films is there"),
    ],
)
def test_a_wrong_table(folder: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        examples_in(write(folder, text))
    assert "table.csv" in str(refused.value)


def test_a_table_that_is_no_text(folder: Path) -> None:
    path = folder / "table.csv"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match=r"table.csv, line 1: is UTF-16; save the file as UTF-8"):
        examples_in(path)
    path.write_bytes(b"file,onset,offset,label\n" + b"x" * 200_000)
    with pytest.raises(InputError, match=r"cannot be read as a CSV table .*field larger"):
        examples_in(path)


def test_a_table_with_a_mark_and_films_named_as_localize_writes_them(folder: Path) -> None:
    names = [os.fsdecode(raw) for raw in (b"caf\xe9\n.mp4", b"back\\nslash.mp4", b"a\\u0041.mp4")]
    for name in names:
        (folder / name).touch()
    rows = [
        f"{escaped(names[0])},1,2,Bark",
        f"{names[1]},1,2,Bark",
        f"{escaped(names[2])},1,2,Bark",
    ]
    text = "\r\n".join(["file,onset,offset,label", *rows])
    found = examples_in(write(folder, "\ufeff" + text))
    assert [example.path for example in found] == [folder / name for name in names]


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder; give an AVE-shaped folder, or a"):
        examples_in(tmp_path / "nothing.csv")


def test_a_folder_without_annotations(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no Annotations.txt"):
        examples_in(tmp_path)


@pytest.fixture
def ave(tmp_path: Path) -> Path:
    (tmp_path / "AVE").mkdir()
    for name in ("one", "two", "three"):
        (tmp_path / "AVE" / f"{name}.mp4").write_text(name)
    rows = ["Church bell&one&good&0&10", "Bark, dog&two&good&2&6", "Bark, dog&three&good&4&4"]
    (tmp_path / "Annotations.txt").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_an_ave_folder_without_splits_is_all_taken(ave: Path) -> None:
    examples = examples_in(ave)
    assert [e.label for e in examples] == ["Church bell", "Bark, dog", BACKGROUND]
    assert spans(examples) == [(0, 10), (2, 6), (0, None)]
    assert [e.path.name for e in examples] == ["one.mp4", "two.mp4", "three.mp4"]
    assert examples[0].loose


def test_of_an_ave_folder_with_splits_the_training_split_is(ave: Path) -> None:
    for split, rows in (("train", [1]), ("val", [0]), ("test", [2])):
        write_order(ave / f"{split}_order.h5", rows)
    (ave / "noisy").mkdir()
    (ave / "noisy" / "rain.mp4").write_text("rain")
    (ave / "noisySet.txt").write_text("rain\ngone\n")
    assert [(e.label, e.path.stem) for e in examples_in(ave)] == [
        ("Bark, dog", "two"),
        (BACKGROUND, "rain"),
    ]


def test_an_ave_folder_without_films(ave: Path) -> None:
    for path in (ave / "AVE").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="none of its 3 films is there"):
        examples_in(ave)
