"""YAML into configs: what is wrong is named, what is written is read back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from avel.configs.load import ConfigError, dump, load, preset
from avel.pipeline.learning.experiment import Experiment


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
        ("nme: b", r"c\.yaml: unknown key 'nme'; known: inner, kind, name"),
        ("inner: {sise: 1}", r"unknown key 'inner\.sise'; known: rate, size"),
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


def test_wrong_override() -> None:
    with pytest.raises(ConfigError, match=r"override 'inner\.size' must be KEY=VALUE"):
        load(None, Outer, ["inner.size"])


@pytest.mark.parametrize("name", ["dmsf.yaml", "dmsf_weak.yaml"])
def test_presets_load_and_read_back(tmp_path: Path, name: str) -> None:
    experiment = load(Path(name), Experiment)
    assert load(write(tmp_path, dump(experiment)), Experiment) == experiment
    assert (experiment.supervision == "weak") == ("weak" in name)
    assert preset(Path(name)).is_file()
