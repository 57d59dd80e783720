"""YAML files into typed configs: unknown keys and wrong types are errors that say what is right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

import yaml

from avel.configs.text import NotUtf8, decode

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser

Config = TypeVar("Config")
FOLDER = Path(__file__).parent
"""Where the presets are."""


class ConfigError(ValueError):
    """A config is wrong; names the file, the key, the value and what is allowed."""


def load(path: Path | None, kind: type[Config], overrides: Sequence[str] = ()) -> Config:
    """Read a config.

    Args:
        path: YAML file, or the name of a preset with or without `.yaml`; None for the defaults.
        kind: Dataclass that it must fit, nested ones included.
        overrides: `dotted.key=value` settings that win over the file.

    Raises:
        ConfigError: the file, a key or a value is wrong.
    """
    if path is None:
        return fit("defaults", {}, kind, overrides)
    return fit(str(path), read(preset(path, kind)), kind, overrides)


def fit(
    source: str,
    values: Mapping[str, Any],
    kind: type[Config],
    overrides: Sequence[str] = (),
    prefix: str = "",
) -> Config:
    """Values as a config.

    Args:
        source: Where they are from, for messages.
        values: By key; those that are missing have their defaults.
        kind: As in `load`.
        overrides: As in `load`.
        prefix: Of the keys in messages, where the values are a part of something larger.

    Raises:
        ConfigError: a key or a value is wrong.
    """
    _check_keys(source, values, kind, prefix)
    for override in overrides:
        _check_override(override, kind)
    parser = _parser(kind)  # type: ignore[arg-type]
    try:
        parsed = parser.parse_object(dict(values))
        if overrides:
            parsed = parser.parse_args([f"--{each}" for each in overrides], namespace=parsed)
        return kind(**vars(parser.instantiate(parsed)))
    except Exception as err:  # jsonargparse raises its own and argparse's, and configs' ValueError
        text = " ".join(str(err).split()).replace('Parser key "', f'Parser key "{prefix}')
        raise ConfigError(f"{source}: {text}") from err


@cache
def _parser(kind: type) -> "ArgumentParser":
    from jsonargparse import ArgumentParser  # slow, and misspelt keys are named without it

    parser = ArgumentParser(exit_on_error=False, add_help=False, allow_abbrev=False)
    parser.add_class_arguments(kind)
    return parser


def read(path: Path) -> dict[str, Any]:
    """A YAML file's values as they are.

    Raises:
        ConfigError: it is no UTF-8 or no YAML, or holds no keys.
    """
    try:
        values = yaml.safe_load(decode(path, path.read_bytes()))
    except NotUtf8 as err:
        raise ConfigError(str(err)) from err
    except yaml.YAMLError as err:
        raise ConfigError(f"{path}: is not YAML ({' '.join(str(err).split())})") from err
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: holds a {type(values).__name__}, expected keys with values")
    return values


def read_text(text: str) -> dict[str, Any]:
    """Values of YAML text that `dump` wrote."""
    values: dict[str, Any] = yaml.safe_load(text)
    return values


def dump(config: Any) -> str:
    """A config as YAML that `load` reads back."""
    return yaml.safe_dump(_plain(asdict(config)), sort_keys=False)


def text_of(value: Any) -> str:
    """One value as YAML writes it, on one line."""
    text = yaml.safe_dump(_plain(value), default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def _plain(value: Any) -> Any:
    """Tuples as lists, which YAML has."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def preset(path: Path, kind: type) -> Path:
    """A file as it is, or a preset of that name that is one of a kind.

    Raises:
        ConfigError: neither is there; names the presets of the kind.
    """
    if path.is_file():
        return path
    name = path.name.removesuffix(".yaml")
    here = FOLDER / f"{name}.yaml"
    if here.is_file() and _is_of(here, kind):
        return here
    names = presets(kind)
    listed = f"{did_you_mean(name, names)}; presets: {', '.join(names)}"
    if here.is_file():
        raise ConfigError(f"{path}: is a preset of another command{listed}")
    raise ConfigError(f"{path}: no such config file{listed}")


def presets(kind: type) -> list[str]:
    """Names of the presets that are configs of a kind."""
    return [path.stem for path in sorted(FOLDER.glob("*.yaml")) if _is_of(path, kind)]


def _is_of(path: Path, kind: type) -> bool:
    """Whether all keys of a file are those of a kind."""
    return read(path).keys() <= {field.name for field in fields(kind)}


def did_you_mean(word: str, known: Sequence[str], prefix: str = "") -> str:
    """`; did you mean 'x'?` where a known word is like the given one, else nothing."""
    near = get_close_matches(word, known, 1) or [
        name for name in known if name.endswith(f".{word}")
    ]
    return f"; did you mean '{prefix}{near[0]}'?" if near else ""


def dotted(kind: type, prefix: str = "") -> Iterator[str]:
    """Names of all keys of a kind, those of its sections after the section's name and a dot."""
    types = get_type_hints(kind)
    for field in fields(kind):
        if is_dataclass(types[field.name]):
            yield from dotted(types[field.name], f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}"


def _check_override(override: str, kind: type) -> None:
    key, equals, _ = override.partition("=")
    if not equals:
        raise ConfigError(f"override '{override}' must be KEY=VALUE, for example train.epochs=10")
    at: Any = kind
    for depth, part in enumerate(parts := key.split(".")):
        if not is_dataclass(at):  # the rest is a key of a free mapping
            return
        prefix = "".join(f"{name}." for name in parts[:depth])
        _check_key("override", part, at, prefix, kind)  # type: ignore[arg-type]
        at = get_type_hints(at)[part]
    if is_dataclass(at):
        _refuse_section("override", key, override.partition("=")[2], at)  # type: ignore[arg-type]


def _check_keys(
    source: str, values: Mapping[str, Any], kind: type, prefix: str, whole: type | None = None
) -> None:
    types, whole = get_type_hints(kind), whole or kind
    for key, value in values.items():
        _check_key(source, key, kind, prefix, whole)
        if is_dataclass(types[key]) and not isinstance(value, Mapping):
            _refuse_section(source, f"{prefix}{key}", value, types[key])
        if is_dataclass(types[key]):
            _check_keys(source, value, types[key], f"{prefix}{key}.", whole)


def _check_key(source: str, key: str, kind: type, prefix: str, whole: type) -> None:
    known = sorted(field.name for field in fields(kind))
    if key not in known:
        near = did_you_mean(key, known, prefix) or did_you_mean(key, list(dotted(whole)))
        raise ConfigError(f"{source}: unknown key '{prefix}{key}'{near}; known: {', '.join(known)}")


def _refuse_section(source: str, key: str, value: object, kind: type) -> None:
    names = [field.name for field in fields(kind)]
    raise ConfigError(
        f"{source}: '{key}' is a section and cannot be {value!r}; set a key of it, as in "
        f"{key}.{names[0]}=…; known: {', '.join(sorted(names))}"
    )
