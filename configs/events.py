"""Tables of events: how each is heard and seen, read from YAML and checked against class names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from avel.configs.load import FOLDER, ConfigError, did_you_mean
from avel.configs.text import NotUtf8, decode

EVERYDAY = FOLDER / "everyday.yaml"
KEYS = ("thing", "heard", "seen", "face", "sight")
SIGHTS = {"tells": True, "cannot tell": False}


@dataclass(frozen=True)
class Row:
    """One event.

    Attributes:
        thing: What to look for in the picture, for sentences.
        heard: Weight in (0, 1] of each class of sound that it is heard as.
        seen: Weight in (0, 1] of each class of pictures that it is seen as.
        face: Weight in [0, 1] of a face.
        tells: Whether the event is not seen where none of its sights is.
    """

    thing: str
    heard: Mapping[str, float]
    seen: Mapping[str, float]
    face: float = 0.0
    tells: bool = True


def read_events(
    path: Path, audio_classes: Sequence[str], visual_classes: Sequence[str]
) -> dict[str, Row]:
    """Rows of a table by the event's name, in its order.

    Args:
        path: A YAML file of the form of `configs/everyday.yaml`.
        audio_classes: Names that `heard` may hold; those of all networks that the table may serve.
        visual_classes: Names that `seen` may hold, beside the table's own `sights`.

    Raises:
        ConfigError: it cannot be read, a label stands in two rows, or a key, a class or a weight is
            wrong; names the row and what is near.
    """
    table = _load(path)
    for key in table:
        _known(f"{path}", "key", key, ("sights", "events"))
    groups = {
        name: _weights(f"{path}: sights.{name}", _listed(value), visual_classes)
        for name, value in _mapping(f"{path}: sights", table.get("sights", {})).items()
    }
    events = _mapping(f"{path}: events", table.get("events", {}))
    if not events:
        raise ConfigError(f"{path}: holds no events; see {EVERYDAY} for how they are written")
    return {
        str(name): _row(f"{path}: event '{name}'", name, row, audio_classes, visual_classes, groups)
        for name, row in events.items()
    }


def _row(
    where: str,
    name: Any,
    values: Any,
    audio_classes: Sequence[str],
    visual_classes: Sequence[str],
    groups: Mapping[str, Mapping[str, float]],
) -> Row:
    values = _mapping(where, values)
    for key in values:
        _known(where, "key", key, KEYS)
    heard = _weights(f"{where}: heard", values.get("heard", {}), audio_classes)
    if not heard:
        raise ConfigError(f"{where}: is heard as nothing; give heard: {{class of sound: 1}}")
    named = _weights(f"{where}: seen", values.get("seen", {}), [*groups, *visual_classes])
    sight = values.get("sight", "tells")
    _known(where, "sight", sight, tuple(SIGHTS))
    face = _weight(f"{where}: face", values.get("face", 0), least=0)
    return Row(
        str(values.get("thing", str(name).lower())),
        heard,
        _without_groups(named, groups),
        face,
        SIGHTS[sight],
    )


def _without_groups(
    named: Mapping[str, float], groups: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """Sights of single classes; one that stands by itself wins over its group."""
    seen = {
        name: round(weight * inner, 4)
        for group, weight in named.items()
        for name, inner in groups.get(group, {}).items()
    }
    return {**seen, **{name: weight for name, weight in named.items() if name not in groups}}


def _weights(where: str, values: Any, classes: Sequence[str]) -> dict[str, float]:
    weights = {}
    for name, weight in _mapping(where, values).items():
        _known(where, "class", name, classes)
        weights[name] = _weight(f"{where}.{name}", weight)
    return weights


def _weight(where: str, value: Any, least: float = 1e-3) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= 1:
        raise ConfigError(f"{where}: {value!r} is no weight; give a number in [{least:g}, 1]")
    return float(value)


def _known(where: str, what: str, name: Any, known: Sequence[str]) -> None:
    if name not in known:
        near = did_you_mean(str(name), known)
        listed = f"; known: {', '.join(known)}" if len(known) < 10 else ""
        raise ConfigError(f"{where}: unknown {what} {name!r}{near}{listed}")


def _listed(value: Any) -> Any:
    """A group may be a plain list, all of weight 1."""
    return dict.fromkeys(value, 1) if isinstance(value, list) else value


def _mapping(where: str, value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: is {value!r}, expected keys with values")
    return value


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C where libyaml is there: ten times as fast, and every start reads the table."""


class _Strict(_Loader):  # type: ignore[misc, valid-type]
    """YAML in which a key that stands twice is an error, not the last one's value."""


def _once(loader: _Strict, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for number, key in enumerate(keys):
        if key in keys[:number]:
            line = node.value[number][0].start_mark.line + 1
            raise ConfigError(f"line {line}: {key!r} stands in two rows; remove or join one")
    return dict(loader.construct_pairs(node, deep=True))


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _once)


def _load(path: Path) -> dict[Any, Any]:
    try:
        values = yaml.load(decode(path, path.read_bytes()), _Strict)
    except NotUtf8 as err:
        raise ConfigError(str(err)) from err
    except ConfigError as err:
        raise ConfigError(f"{path}: {err}") from err
    except OSError as err:
        raise ConfigError(f"{path}: cannot be read ({err.strerror})") from err
    except (yaml.YAMLError, ValueError, TypeError) as err:  # a date that is none, a list as a key
        raise ConfigError(f"{path}: is not YAML ({' '.join(str(err).split())})") from err
    return _mapping(f"{path}", values or {})
