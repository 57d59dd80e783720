"""What callers may give: strings, paths, several of them; what is wrong is named."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, get_type_hints

import numpy as np
import pytest
import yaml

from avel.arguments import (
    How,
    HowToTrain,
    files_of,
    labels_of,
    names_of,
    overrides_of,
    path_of,
    runtime_of,
    several,
    whole,
)
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig


def work(files: str, *, threshold: float = 0.5, **how: Any) -> None:
    """A function with arguments of its own."""


def test_how_to_work_is_all_that_a_run_can_be_told() -> None:
    """A field that is added to the runtime config is said to callers too, under its name."""
    assert set(HowToTrain.__annotations__) == set(RuntimeConfig.__dataclass_fields__)
    runtime, how = get_type_hints(RuntimeConfig), get_type_hints(HowToTrain)
    for name in set(how) - {"cache_dir"}:
        assert how[name] == runtime[name], name
    assert set(HowToTrain.__annotations__) - set(How.__annotations__) == {"devices", "loaders"}


def test_nothing_given_is_how_the_command_works(tmp_path: Path) -> None:
    """The cache is where the environment says: the suite's own folder."""
    assert runtime_of(work, {}) == RuntimeConfig(cache_dir=tmp_path / "default-cache")


def test_values_go_where_they_belong(tmp_path: Path) -> None:
    given = {"cache_dir": str(tmp_path), "workers": np.int64(3), "timeout_seconds": 5}
    runtime = runtime_of(work, {**given, "keep_segments": False, "device": "cpu"})
    assert runtime.cache_dir == tmp_path
    assert runtime_of(work, {"codecs": ["hap", "bfi"]}).codecs == ("hap", "bfi")
    assert (runtime.workers, runtime.timeout_seconds) == (3, 5)
    assert (runtime.keep_segments, runtime.device) == (False, "cpu")


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"treshold": 1}, How, r"^work\(\) got an unexpected keyword argument 'treshold'; did you mean 'threshold'\?$"),
        ({"cache": "x"}, How, r"'cache'; did you mean 'cache_dir'\?"),
        ({"batch": 1}, How, r"'batch'; did you mean 'batch_cells'\?"),
        ({"zzz": 1}, How, r"'zzz'; there are files, threshold, cache_dir, device, workers, .*keep_segments$"),
        ({"devices": 2}, How, "unexpected keyword argument 'devices'"),
        ({"workers": "2"}, How, r"workers \('2'\) must be a whole number, not str"),
        ({"workers": 2.0}, How, r"workers \(2.0\) must be a whole number, not float"),
        ({"timeout_seconds": None}, How, r"timeout_seconds \(None\) must be a number, not NoneType"),
        ({"device": 0}, How, r"device \(0\) must be a str, not int"),
        ({"keep_segments": "no"}, How, r"keep_segments \('no'\) must be True or False, not str"),
        ({"cache_dir": 3}, How, r"cache_dir \(3\) must be a str or a Path, not int"),
        ({"loaders": "1"}, HowToTrain, r"loaders \('1'\) must be a whole number, not str"),
    ],
)  # fmt: skip
def test_wrong_arguments(given: dict[str, Any], kind: type, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        runtime_of(work, given, kind)


def test_values_out_of_range() -> None:
    with pytest.raises(InputError, match=r"workers \(0\) must be greater than 0"):
        runtime_of(work, {"workers": 0})


def some_paths() -> Iterator[Path]:
    yield Path("a.pt")
    yield Path("b.pt")


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ("a.pt", ["a.pt"]),
        (Path("a.pt"), ["a.pt"]),
        (PurePosixPath("a.pt"), ["a.pt"]),
        (["a.pt", Path("b.pt")], ["a.pt", "b.pt"]),
        (some_paths(), ["a.pt", "b.pt"]),
        ((), []),
    ],
)
def test_one_or_several(given: Any, paths: list[str]) -> None:
    """One string is one path, not as many as it has letters."""
    assert several("weights", given) == paths


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, r"weights \(3\) must be a path or several, not int"),
        (None, r"weights \(None\) must be a path or several, not NoneType"),
        (b"a.pt", r"weights \(b'a.pt'\) must be a path or several, not bytes"),
        (["a.pt", 3], r"weights \(3\) must be a str or a Path, not int"),
        ([["a.pt"]], r"weights \(\['a.pt'\]\) must be a str or a Path, not list"),
    ],
)
def test_no_paths(given: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        several("weights", given)


def test_an_open_file_is_no_list_of_paths(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"film\n")
    with (
        (tmp_path / "v.mp4").open("rb") as file,
        pytest.raises(TypeError, match=r"must be a str or a Path, not bytes"),
    ):
        several("files", file)  # type: ignore[arg-type]


def test_long_values_do_not_flood_the_message() -> None:
    with pytest.raises(TypeError) as caught:
        path_of("model", ["x" * 10_000])
    assert len(str(caught.value)) < 130


def test_files_are_found_once_in_their_order(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.mp4", "notes.md"):
        (tmp_path / name).touch()
    (tmp_path / "list.txt").write_text("b.mp4\nc.mp4\n")
    given = [tmp_path / "c.mp4", str(tmp_path), tmp_path / "list.txt"]
    assert [path.name for path in files_of(given)] == ["c.mp4", "a.mp4", "b.mp4"]
    assert files_of(iter([])) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "an empty name is no file; give a path, or '.' for the current folder"),
        ("https://example.org/v.mp4", "only local files are read"),
    ],
)
def test_files_that_are_none(given: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        files_of(given)


def test_words(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("dog barking\n\nchurch bell\n")
    assert labels_of(None) == ()
    assert labels_of("dog barking") == ("dog barking",)
    assert labels_of(["dog", "bell"]) == labels_of(iter(["dog", "bell"])) == ("dog", "bell")
    assert labels_of(str(tmp_path / "words.txt")) == ("dog barking", "church bell")
    with pytest.raises(InputError, match="labels: no word was given; give at least one"):
        labels_of([])


def test_settings_are_read_back_as_they_were() -> None:
    """Each value comes out of the config's own reader as it went in."""
    settings = {"a.b": 10, "c": 1e-4, "d": "x: y", "e": None, "f": [1, 2], "g": True}
    pairs = dict(text.split("=", 1) for text in overrides_of(settings))
    assert {name: yaml.safe_load(value) for name, value in pairs.items()} == {**settings, "c": 1e-4}
    assert overrides_of(None) == []
    assert overrides_of({"start": Path("runs/x")}) == ['start="runs/x"']
    with pytest.raises(TypeError, match=r"settings \('a=1'\) must be a dict such as"):
        overrides_of("a=1")  # type: ignore[arg-type]


def test_whole_numbers() -> None:
    assert whole("frames", None) is None
    assert whole("frames", 4) == 4
    with pytest.raises(TypeError, match=r"frames \('4'\) must be a whole number, not str"):
        whole("frames", "4")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (None, ()),
        ("visual", ("visual",)),
        (["visual", "audio"], ("visual", "audio")),
        (("a",), ("a",)),
    ],
)
def test_names(given: Any, names: tuple[str, ...]) -> None:
    assert names_of("arrays", given) == names


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (3, TypeError, r"arrays \(3\) must be a str or several, not int"),
        (b"visual", TypeError, r"arrays \(b'visual'\) must be a str or several, not bytes"),
        (["visual", 3], TypeError, r"arrays \(3\) must be a str, not int"),
        ([], InputError, r"arrays \(\[\]\) names nothing; leave it out for all"),
    ],
)
def test_what_is_no_name(given: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        names_of("arrays", given)
