"""Tables of events: what a row becomes, and what is wrong with one, by its row and place."""

from pathlib import Path

import pytest

from avel.configs.events import EVERYDAY, Row, read_events
from avel.configs.load import ConfigError
from avel.extractors import EXTRACTORS

SOUNDS = ("Bark", "Howl", "Meow", "Speech")
SIGHTS = ("beagle", "collie", "tabby", "suit")


def read(folder: Path, text: str) -> dict[str, Row]:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return read_events(path, SOUNDS, SIGHTS)


TABLE = """
sights:
  dog: [beagle, collie]
  person: {suit: 0.5}
events:
  Dog:
    thing: dog or puppy
    heard: {Bark: 1, Howl: 0.5}
    seen: {dog: 0.8, collie: 1, tabby: 0.1}
  "Speech, talking":
    heard: {Speech: 1}
    seen: {person: 1}
    face: 0.9
    sight: cannot tell
  Cat:
    heard: {Meow: 1}
"""


def test_a_table_as_it_is_written(tmp_path: Path) -> None:
    """In its order; a group's weight is times that of each in it, one named by itself wins."""
    assert read(tmp_path, TABLE) == {
        "Dog": Row(
            "dog or puppy",
            {"Bark": 1.0, "Howl": 0.5},
            {"beagle": 0.8, "collie": 1.0, "tabby": 0.1},
        ),
        "Speech, talking": Row("speech, talking", {"Speech": 1.0}, {"suit": 0.5}, 0.9, tells=False),
        "Cat": Row("cat", {"Meow": 1.0}, {}),
    }
    assert list(read(tmp_path, TABLE)) == ["Dog", "Speech, talking", "Cat"]


def test_an_events_own_name_is_its_thing_whatever_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "o'brien's"
    folder.mkdir()
    (row,) = read(folder, "events: {Rock 'n' roll: {heard: {Howl: 1}}}").values()
    assert row.thing == "rock 'n' roll"


ONE = "events:\n  Dog:\n    heard: {{Bark: 1}}\n    {}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("events: {Dog: {heard: {Barc: 1}}}", r"mine.yaml: event 'Dog': heard: unknown class 'Barc'; did you mean 'Bark'\?"),
        (ONE.format("seen: {beagel: 1}"), r"event 'Dog': seen: unknown class 'beagel'; did you mean 'beagle'\?"),
        (ONE.format("seen: {dgo: 1}") + "sights: {dog: [beagle]}", r"unknown class 'dgo'; did you mean 'dog'\?"),
        ("sights: {dog: [beagel]}\n" + ONE.format("face: 0"), r"sights.dog: unknown class 'beagel'; did you mean 'beagle'\?"),
        (ONE.format("see: {beagle: 1}"), r"event 'Dog': unknown key 'see'; did you mean 'seen'\?; known: thing, heard, seen"),
        (ONE.format("sight: maybe"), "event 'Dog': unknown sight 'maybe'; known: tells, cannot tell"),
        (ONE.format("sight: can not tell"), r"did you mean 'cannot tell'\?"),
        ("event: {}", r"mine.yaml: unknown key 'event'; did you mean 'events'\?; known: sights, events"),
        ("events: {Dog: {heard: {Bark: 2}}}", r"event 'Dog': heard.Bark: 2 is no weight; give a number in \[0.001, 1\]"),
        ("events: {Dog: {heard: {Bark: 0}}}", "heard.Bark: 0 is no weight"),
        ("events: {Dog: {heard: {Bark: true}}}", "heard.Bark: True is no weight"),
        ("events: {Dog: {heard: {Bark: loud}}}", "heard.Bark: 'loud' is no weight"),
        ("events: {Dog: {heard: {Bark: .nan}}}", "heard.Bark: nan is no weight"),
        (ONE.format("face: 1.5"), r"event 'Dog': face: 1.5 is no weight; give a number in \[0, 1\]"),
        ("events: {Dog: {seen: {beagle: 1}}}", "event 'Dog': is heard as nothing; give heard: {class of sound: 1}"),
        ("events: {Dog: Bark}", "event 'Dog': is 'Bark', expected keys with values"),
        ("events: {Dog: {heard: [Bark]}}", r"event 'Dog': heard: is \['Bark'\], expected keys with values"),
        ("events: [Dog]", r"events: is \['Dog'\], expected keys with values"),
        ("events: {}", "mine.yaml: holds no events; see .*everyday.yaml for how they are written"),
        ("", "mine.yaml: holds no events"),
        ("sights: {dog: [beagle]}", "mine.yaml: holds no events"),
        ("just words", "mine.yaml: is 'just words', expected keys with values"),
        ("events: [", r"mine.yaml: is not YAML \("),
        ("\tevents: {}", r"mine.yaml: is not YAML \("),
        ("events: {[Dog]: {}}", r"mine.yaml: is not YAML \("),
        ("events: {2026-13-01: {}}", r"mine.yaml: is not YAML \("),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_row(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        ("events:\n  Dog: {heard: {Bark: 1}}\n  Cat: {heard: {Meow: 1}}\n  Dog: {heard: {Howl: 1}}\n", 4, "Dog"),
        ("events:\n  Dog:\n    heard:\n      Bark: 1\n      Howl: 1\n      Bark: 0.5\n", 6, "Bark"),
        ("sights: {dog: [beagle]}\nevents: {}\nsights: {}\n", 3, "sights"),
    ],
)  # fmt: skip
def test_a_label_in_two_rows_is_not_the_last_ones(
    tmp_path: Path, text: str, line: int, name: str
) -> None:
    with pytest.raises(ConfigError, match=f"mine.yaml: line {line}: '{name}' stands in two rows"):
        read(tmp_path, text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.yaml: cannot be read \(No such file or directory"):
        read_events(tmp_path / "none.yaml", SOUNDS, SIGHTS)
    with pytest.raises(ConfigError, match=r"cannot be read \(Is a directory"):
        read_events(tmp_path, SOUNDS, SIGHTS)
    (tmp_path / "latin.yaml").write_bytes("events: {Hündin: 1}".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin.yaml, line 1: byte 0xFC is no UTF-8"):
        read_events(tmp_path / "latin.yaml", SOUNDS, SIGHTS)


def test_nothing_in_a_table_is_run(tmp_path: Path) -> None:
    marker = tmp_path / "made"
    with pytest.raises(ConfigError, match="is not YAML"):
        read(tmp_path, f"events: !!python/object/apply:os.mkdir ['{marker}']")
    assert not marker.exists()


@pytest.fixture(scope="module")
def everyday() -> dict[str, Row]:
    """The table that comes along, with the names of the networks that it serves."""
    sounds = [*EXTRACTORS["mn04"].audio_classes, *EXTRACTORS["yamnet"].audio_classes]
    return read_events(EVERYDAY, sounds, EXTRACTORS["efficientnet-lite0"].visual_classes)


def test_the_table_that_comes_along(everyday: dict[str, Row]) -> None:
    assert len(everyday) >= 100
    assert everyday["Bark"].tells
    assert not everyday["Male speech, man speaking"].tells
    assert everyday["Male speech, man speaking"].face == 1
    assert everyday["Bark"].seen["Chihuahua"] == 1
    assert all(row.thing and row.heard for row in everyday.values())


def test_the_events_of_ave_stand_in_it_under_their_names(
    everyday: dict[str, Row], ave_tables: Path
) -> None:
    from avel.pipeline.datasets.ave import read_annotations

    classes, _ = read_annotations(ave_tables / "Annotations.txt")
    assert len(classes) == 28
    assert set(classes) <= set(everyday)


def test_every_event_is_heard_by_the_default_network(everyday: dict[str, Row]) -> None:
    known = set(EXTRACTORS["mn04"].audio_classes)
    assert all(known & set(row.heard) for row in everyday.values())
