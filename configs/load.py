"""YAML files into typed configs: unknown keys and wrong types are errors that say what is right."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import yaml
from jsonargparse import ArgumentParser

Config = TypeVar("Config")


class ConfigError(ValueError):
    """A config is wrong; names the file, the key, the value and what is allowed."""


def load(path: Path | None, kind: type[Config], overrides: Sequence[str] = ()) -> Config:
    """Read a config.

    Args:
        path: YAML file, or the name of a preset; None for the defaults.
        kind: Dataclass that it must fit, nested ones included.
        overrides: `dotted.key=value` settings that win over the file.

    Raises:
        ConfigError: the file, a key or a value is wrong.
    """
    source, values = (str(path), _read(path)) if path else ("defaults", {})
    for override in overrides:
        _override(values, override)
    _check_keys(source, values, kind)
    parser = ArgumentParser(exit_on_error=False, add_help=False)
    parser.add_class_arguments(kind)
    try:
        parsed = parser.parse_object(values)
        return kind(**vars(parser.instantiate(parsed)))
    except Exception as err:  # jsonargparse raises its own and argparse's, and configs' ValueError
        text = " ".join(str(err).split())
        raise ConfigError(f"{source}: {text}") from err


def read(path: Path) -> dict[str, Any]:
    """A YAML file's values as they are.

    Raises:
        ConfigError: it is no YAML, or holds no keys.
    """
    return _read(path)


def read_text(text: str) -> dict[str, Any]:
    """Values of YAML text that `dump` wrote."""
    values: dict[str, Any] = yaml.safe_load(text)
    return values


def dump(config: Any) -> str:
    """A config as YAML that `load` reads back."""
    return yaml.safe_dump(_plain(asdict(config)), sort_keys=False)


def _plain(value: Any) -> Any:
    """Tuples as lists, which YAML has."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def preset(path: Path) -> Path:
    """A file as it is, or a preset of that name in this package."""
    if path.is_file():
        return path
    here = Path(__file__).parent / path.name
    names = ", ".join(sorted(file.name for file in Path(__file__).parent.glob("*.yaml")))
    if not here.is_file():
        raise ConfigError(f"{path}: no such config file; presets: {names}")
    return here


def _read(path: Path) -> dict[str, Any]:
    found = preset(path)
    try:
        values = yaml.safe_load(found.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise ConfigError(f"{found}: is not YAML ({' '.join(str(err).split())})") from err
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{found}: holds a {type(values).__name__}, expected keys with values")
    return values


def _override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals:
        raise ConfigError(f"override '{override}' must be KEY=VALUE, for example train.epochs=10")
    *parents, last = key.split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
    values[last] = yaml.safe_load(text)


def _check_keys(source: str, values: Mapping[str, Any], kind: type, prefix: str = "") -> None:
    known = {field.name for field in fields(kind)}
    types = get_type_hints(kind)
    for key, value in values.items():
        if key not in known:
            raise ConfigError(
                f"{source}: unknown key '{prefix}{key}'; known: {', '.join(sorted(known))}"
            )
        if is_dataclass(types[key]) and isinstance(value, Mapping):
            _check_keys(source, value, types[key], f"{prefix}{key}.")
