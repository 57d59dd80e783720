"""What callers may give, made into what the pipeline takes; what is wrong is named at once."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from inspect import signature
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from avel.pipeline.media.inputs import expand
from avel.pipeline.method.labels import read_labels
from avel.pipeline.method.named import named
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig, cache_root

if TYPE_CHECKING:
    from avel.pipeline.datasets.examples import Example

File = str | os.PathLike[str]
"""A path, as a string or as a `Path`."""


class How(TypedDict, total=False):
    """How to work; nothing of it changes a result."""

    cache_dir: File
    """[`AVEL_CACHE_DIR`, else the user's cache folder]"""
    device: str
    """`auto`, `cpu`, `cuda`, `cuda:1` … [auto]"""
    workers: int
    """Processes that decode. [one per core]"""
    batch_cells: int
    """Segments that go through the encoder together. [32]"""
    window_cells: int
    """Segments of one video held at once. [64]"""
    timeout_seconds: float
    """That decoding may take, for each ten minutes of a video. [600]"""
    codecs: tuple[str, ...]
    """Decoders of FFmpeg's that files may use beside those that `avel doctor` lists. [none]"""
    keep_segments: bool
    """Whether decoded pictures and sound are cached too. [True]"""


class HowToTrain(How, total=False):
    """The same, for trainings."""

    devices: int
    """Processes that train together. [1]"""
    loaders: int
    """Processes that read batches ahead. [0: none]"""


_KINDS: dict[object, tuple[type, str]] = {
    bool: (bool, "True or False"),
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: (str, "a str"),
}
"""Of an annotation: what fits it, numbers of numpy too, and that in words."""


def runtime_of(
    function: Callable[..., object], given: Mapping[str, Any], kind: type = How
) -> RuntimeConfig:
    """Arguments by name as a runtime config: batches in cells, the time limit in seconds.

    Args:
        function: Whose arguments they are.
        given: Those that the function does not name itself.
        kind: `How` or `HowToTrain`: which names there are.

    Raises:
        TypeError: no such argument, or not of its type.
        InputError: a value is out of its range.
    """
    for name, value in given.items():
        if name not in kind.__annotations__:
            known = [*signature(function).parameters, *kind.__annotations__]
            known.remove("how")
            raise TypeError(_unexpected(function.__name__, name, known))
        _check(name, value, kind.__annotations__[name])
    folder = given.get("cache_dir")
    root = cache_root(None if folder is None else path_of("cache_dir", folder))[0]
    codecs = tuple(several("codecs", given.get("codecs", ())))
    return RuntimeConfig(**{**given, "cache_dir": root, "codecs": codecs})


def _unexpected(function: str, name: str, known: list[str]) -> str:
    """Python's own sentence, and what the word may have meant."""
    near = get_close_matches(name, known, 1) or [k for k in known if name in k or k in name][:1]
    guess = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
    return f"{function}() got an unexpected keyword argument '{name}'; {guess}"


def _check(name: str, value: object, kind: object) -> None:
    fits, words = _KINDS.get(kind, (object, ""))
    if not isinstance(value, fits):
        raise _wrong(name, value, words)


def whole(name: str, value: int | None) -> int | None:
    """A whole number, or None where nothing is said.

    Raises:
        TypeError: it is neither.
    """
    if value is not None:
        _check(name, value, int)
    return value


def several(name: str, given: File | Iterable[File]) -> list[str]:
    """One path or several as strings.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(given, str | os.PathLike):
        return [os.fspath(given)]
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise _wrong(name, given, "a path or several")
    return [str(path_of(name, each)) for each in given]


def names_of(name: str, given: str | Iterable[str] | None) -> tuple[str, ...]:
    """One name or several; none where None is given.

    Raises:
        TypeError: it is neither.
        InputError: there is not one among several.
    """
    if given is None:
        return ()
    if isinstance(given, bytes) or not isinstance(given, Iterable):
        raise _wrong(name, given, "a str or several")
    found = (given,) if isinstance(given, str) else tuple(given)
    for each in found:
        _check(name, each, str)
    if not found:
        raise InputError(f"{name} ({given!r:.60}) names nothing; leave it out for all")
    return found


def path_of(name: str, given: object) -> Path:
    """A path of a string or of what has one.

    Raises:
        TypeError: it is neither.
    """
    if not isinstance(given, str | os.PathLike):
        raise _wrong(name, given, "a str or a Path")
    return Path(given)


def model_of(given: object) -> Path | None:
    """A model's name or path; None where nothing is said.

    Raises:
        TypeError: it is neither a string nor what has a path.
    """
    if given is None:
        return None
    path_of("model", given)
    return named(given)  # type: ignore[arg-type]


def files_of(given: File | Iterable[File]) -> list[Path]:
    """The files that are meant, each once: folders are searched, lists (.txt) are read.

    Raises:
        TypeError: something given is no path.
        InputError: as `expand`.
    """
    return list(dict.fromkeys(expand(several("files", given))))


def examples_of(events: object) -> "list[Example]":
    """Films by event, or films with onset and offset in seconds, as examples to teach by.

    Raises:
        TypeError: they are no mapping, or a film is neither.
        InputError: an offset is not after its onset, or there is no film.
    """
    from avel.pipeline.datasets.examples import example_from  # slow: loads h5py

    if not isinstance(events, Mapping):
        raise _wrong("events", events, "a dict such as {'Bark': ['a.mp4', ('b.mp4', 2, 5)]}")
    found = []
    for label, films in events.items():
        each = [films] if isinstance(films, str | os.PathLike) else films
        for film in each:
            path, *span = film if isinstance(film, tuple) else (film,)
            if len(span) not in (0, 2):
                raise _wrong("events", film, "a path, or a path with onset and offset")
            for time in span:
                _check("events", time, float)
            found.append(example_from(str(label), path_of("events", path), *span))
    return found


def labels_of(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """Words to look for: one, several, or those of one file; none where None is given.

    Raises:
        InputError: there is no word.
    """
    return read_labels(None if given is None else several("labels", given))


def overrides_of(settings: Mapping[str, Any] | None) -> list[str]:
    """Settings by dotted name as a config's overrides.

    Raises:
        TypeError: they are no mapping.
    """
    if settings is None:
        return []
    if not isinstance(settings, Mapping):
        raise _wrong("settings", settings, "a dict such as {'train.epochs': 10}")
    return [f"{name}={json.dumps(value, default=str)}" for name, value in settings.items()]


def _wrong(name: str, value: object, wanted: str) -> TypeError:
    return TypeError(f"{name} ({value!r:.60}) must be {wanted}, not {type(value).__name__}")
