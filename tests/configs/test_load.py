"""YAML into configs: what is wrong is named, what is written is read back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from avel.configs.load import (
    ConfigError,
    did_you_mean,
    dotted,
    dump,
    fit,
    load,
    preset,
    presets,
    read,
    read_text,
    text_of,
)
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.studies.table import Ablation


@dataclass(frozen=True)
class Inner:
    size: int = 3
    rate: float = 0.5

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(f"size ({self.size}) must not be negative")


@dataclass(frozen=True)
class Outer:
    name: str = "a"
    kind: Literal["full", "weak"] = "full"
    inner: Inner = field(default_factory=Inner)
    free: dict[str, Any] = field(default_factory=dict)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return path


def test_file_over_defaults_and_overrides_over_file(tmp_path: Path) -> None:
    path = write(tmp_path, "name: b\ninner: {size: 7}\n")
    assert load(None, Outer) == Outer()
    assert load(path, Outer) == Outer("b", inner=Inner(7))
    assert load(path, Outer, ["inner.rate=2", "kind=weak"]) == Outer("b", "weak", Inner(7, 2.0))


def test_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert load(write(tmp_path, "\n"), Outer) == Outer()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nme: b", r"c\.yaml: unknown key 'nme'; did you mean 'name'\?; known: free, inner, kind"),
        ("xyz: b", r"c\.yaml: unknown key 'xyz'; known: free, inner, kind, name"),
        ("inner: {sise: 1}", r"unknown key 'inner\.sise'; did you mean 'inner\.size'\?; known: ra"),
        ("size: 1", r"unknown key 'size'; did you mean 'inner\.size'\?; known: free, inner"),
        ("inner: 5", r"c\.yaml: 'inner' is a section and cannot be 5; set a key of it, as in inne"),
        ("inner:", r"'inner' is a section and cannot be None"),
        ("inner: {size: big}", r"c\.yaml: .*size"),
        ("kind: half", r"c\.yaml: .*kind"),
        ("inner: {size: -1}", r"size \(-1\) must not be negative"),
        ("- a\n- b", r"holds a list, expected keys with values"),
        ("a: [", r"is not YAML"),
    ],
)
def test_wrong_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(write(tmp_path, text), Outer)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("inner.size", r"override 'inner\.size' must be KEY=VALUE, for example train\.epochs=10"),
        ("inner=5", r"override: 'inner' is a section and cannot be '5'; set a key of it, as in in"),
        ("inner.sise=5", r"override: unknown key 'inner\.sise'; did you mean 'inner\.size'\?"),
        ("size=5", r"override: unknown key 'size'; did you mean 'inner\.size'\?"),
        ("inner.size=big", r"defaults: .*\"inner\.size\": Expected a <class 'int'>"),
        ("inner.size=-2", r"defaults: size \(-2\) must not be negative"),
        ("kind=half", r"defaults: .*kind"),
        ("inner.siz=5", r"unknown key 'inner\.siz'"),  # no abbreviations
    ],
)
def test_wrong_override(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(None, Outer, [override])


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("inner.rate=1e-4", Outer(inner=Inner(rate=1e-4))),
        ("name=5", Outer("5")),
        ("name=a=b c", Outer("a=b c")),
        ("free.x=4", Outer(free={"x": 4})),
        ("free={'z': [1, 2]}", Outer(free={"z": [1, 2]})),
        ("free.name=text", Outer(free={"name": "text"})),
    ],
)
def test_overrides_are_values_of_their_keys(override: str, expected: Outer) -> None:
    assert load(None, Outer, [override]) == expected


def test_the_last_override_wins_and_others_stay(tmp_path: Path) -> None:
    path = write(tmp_path, "free: {a: 1, b: 2}\ninner: {size: 4, rate: 2.0}\n")
    found = load(path, Outer, ["free.b=3", "inner.size=5", "inner.size=6"])
    assert found == Outer(inner=Inner(6, 2.0), free={"a": 1, "b": 3})
    assert load(path, Outer) == Outer(inner=Inner(4, 2.0), free={"a": 1, "b": 2})  # no traces


def test_a_part_says_where_it_is() -> None:
    with pytest.raises(
        ConfigError, match=r"run: unknown key 'part\.sise'; did you mean 'part\.siz"
    ):
        fit("run", {"sise": 1}, Inner, prefix="part.")
    with pytest.raises(ConfigError, match=r'run: Parser key "part\.size": Expected'):
        fit("run", {"size": "big"}, Inner, prefix="part.")
    assert fit("run", {"size": 7}, Inner) == Inner(7)


def test_what_was_meant() -> None:
    assert did_you_mean("epoch", ["epochs", "rate"]) == "; did you mean 'epochs'?"
    assert did_you_mean("epochs", ["train.epochs"]) == "; did you mean 'train.epochs'?"
    assert did_you_mean("sise", ["size"], "inner.") == "; did you mean 'inner.size'?"
    assert did_you_mean("colour", ["epochs", "rate"]) == ""


def test_all_keys_by_their_dotted_names() -> None:
    assert list(dotted(Outer)) == ["name", "kind", "inner.size", "inner.rate", "free"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), ("a", "a"), ((1, 2), "[1, 2]"), ({"a": None}, "{a: null}"), (1e-3, "0.001"),
     (True, "true"), ("", "''"), ({}, "{}")],
)  # fmt: skip
def test_one_value_on_one_line(value: object, text: str) -> None:
    assert text_of(value) == text


def test_presets_of_a_kind() -> None:
    trainings, tables = presets(Experiment), presets(Ablation)
    assert {"dmsf", "av_att", "cmm"} <= set(trainings)
    assert tables == ["ablate_dmsf", "leaderboard"]
    assert not set(trainings) & set(tables)
    for name in trainings:
        assert preset(Path(name), Experiment) == preset(Path(f"{name}.yaml"), Experiment)
    for name in trainings:
        load(Path(name), Experiment)  # every one of them is whole


def test_a_file_is_taken_before_a_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dmsf.yaml").write_text("model: dmin")
    assert load(Path("dmsf.yaml"), Experiment).model == "dmin"
    assert load(Path("dmsf"), Experiment).model == "dmsf"  # no such file: the preset


def test_text_that_was_written_is_read(tmp_path: Path) -> None:
    config = Outer("b", free={"x": (1, 2)})
    values = read_text(dump(config))
    assert values["free"] == {"x": [1, 2]}
    assert read(write(tmp_path, dump(config))) == values


@pytest.mark.parametrize("name", ["dmsf.yaml", "dmsf_weak.yaml"])
def test_presets_load_and_read_back(tmp_path: Path, name: str) -> None:
    experiment = load(Path(name), Experiment)
    assert load(write(tmp_path, dump(experiment)), Experiment) == experiment
    assert (experiment.supervision == "weak") == ("weak" in name)
    assert preset(Path(name), Experiment).is_file()
