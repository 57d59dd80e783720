"""The one place that prints: what a name holds is shown, never sent to the terminal.

Files are named by others, and a terminal obeys what it is sent. So each line is text, in which
characters that cannot be seen are written as JSON writes them, as are those that the stream's
encoding has not. Nothing else in the pipeline prints; `tests/pipeline/work/test_say.py` looks.
"""

import codecs
import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any, TextIO

from avel.pipeline.reasons import EnvironmentProblem

AS_JSON = "avel-json"
"""Name of the error handler that writes what an encoding has not as JSON does."""
SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
PAINT = re.compile(r"(\n|\x1b\[\d\d?m)")
"""Where a line ends, and where a colour begins or ends: all else of a text is shown."""
Pause = Callable[[], AbstractContextManager[object]]
_pauses: list[Pause] = []
"""Of what is on the screen now."""
JOINERS = "\u200c\u200d"
"""Seen only by what they do to the letters and pictures beside them, as names may want."""


class NoStdout(EnvironmentProblem):
    """Nothing more can be printed.

    Attributes:
        closed: Whether its reader has heard enough (`| head`), which is no fault.
    """

    def __init__(self, err: OSError | ValueError) -> None:
        self.closed = isinstance(err, BrokenPipeError)
        why = (isinstance(err, OSError) and err.strerror) or str(err)
        super().__init__(f"stdout: cannot be written ({why}); what was finished is kept")


def shown(text: str) -> str:
    r"""Text on one line, with what cannot be seen as JSON writes it: ESC is `\u001b`.

    So are bytes of a file's name that are no UTF-8 (`\udcff` is byte 255), and signs that turn the
    direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(c if _is_seen(c) else SHORT.get(c) or _as_json(c) for c in text)


def _is_seen(character: str) -> bool:
    # spaces of other widths are in names that a Mac gives
    return character.isprintable() or character in JOINERS or _is_space(character)


def _is_space(character: str) -> bool:
    return character.isspace() and len(f"a{character}b".splitlines()) == 1 and character > "\x7f"


def _as_json(text: str) -> str:
    units = memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")
    return "".join(f"\\u{unit:04x}" for unit in units)


def _replaced(err: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(err, UnicodeEncodeError):
        raise err
    return _as_json(err.object[err.start : err.end]), err.end


codecs.register_error(AS_JSON, _replaced)


@contextmanager
def in_any_encoding() -> Iterator[None]:
    """Let stdout and stderr take any text, in a block: what they cannot encode is escaped."""
    changed = []
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            changed.append((stream, stream.errors))
            stream.reconfigure(errors=AS_JSON)
    try:
        yield
    finally:
        for stream, errors in changed:
            with suppress(OSError, ValueError):  # its last text does not go out
                stream.reconfigure(errors=errors)


def say(*lines: str) -> None:
    """Print lines to stdout, at once.

    Raises:
        NoStdout: it is full, or nobody reads it any more.
    """
    put("".join(f"{shown(line)}\n" for line in lines))


def put(text: str, *, painted: bool = False) -> None:
    """Print text to stdout as it is laid out in lines, at once; JSON stays the JSON that it is.

    Args:
        text: Some lines.
        painted: Whether codes of colour in it are meant; all that was
            not written here has gone through `shown` then.

    Raises:
        NoStdout: it is full, or nobody reads it any more.
    """
    stream = sys.stdout
    if stream is None:  # it was closed before the start
        return
    try:
        _write(stream, text, painted)
    except (OSError, ValueError) as err:
        _drop(stream)
        raise NoStdout(err) from err


def warn(*lines: str) -> None:
    """Print lines to stderr; where it takes none the work goes on without."""
    hint("".join(f"{shown(line)}\n" for line in lines))


def hint(text: str) -> None:
    """The same of text whose line does not end, such as a question."""
    stream = sys.stderr
    if stream is None:
        return
    try:
        _write(stream, text)
    except (OSError, ValueError):
        _drop(stream)


@contextmanager
def giving_way(pause: Pause) -> Iterator[None]:
    """In a block what is on the screen gives way, by `pause`, where a terminal gets a line."""
    _pauses.append(pause)
    try:
        yield
    finally:
        _pauses.remove(pause)


def _write(stream: TextIO, text: str, painted: bool = False) -> None:
    with ExitStack() as stack:
        for pause in _pauses if stream.isatty() else ():
            stack.enter_context(pause())
        parts = re.split(PAINT if painted else "(\n)", text)
        parts[::2] = map(shown, parts[::2])
        stream.write("".join(parts))
        stream.flush()


@contextmanager
def kept_elsewhere() -> Iterator[Callable[..., None]]:
    """A way to call what prints, in a block whose results are also in files.

    A stdout that takes no more does not stop it: the calls after are left out.

    Raises:
        NoStdout: at the end, unless its reader closed it.
    """
    gone: list[NoStdout] = []

    def attempt(call: Callable[..., Any], *given: Any) -> None:
        if not gone:
            try:
                call(*given)
            except NoStdout as err:
                gone.append(err)

    try:
        yield attempt
    except NoStdout as err:  # by the last words
        gone.append(err)
    if gone and not gone[0].closed:
        raise gone[0]


def _drop(stream: TextIO) -> None:
    """Let the rest of a stream go nowhere, or Python tries it again at its end and complains."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
