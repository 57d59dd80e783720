"""A folder of results: each is written as it comes and not kept."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path, PurePath
from types import TracebackType
from typing import Self

from avel.pipeline.formats.choice import USUAL
from avel.pipeline.formats.index import EVENTS, LISTED, claim, index_of, keep_earlier
from avel.pipeline.formats.names import ResultNames
from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.table import FORMATS
from avel.pipeline.formats.together import Together
from avel.pipeline.formats.videos import VIDEOS
from avel.pipeline.formats.whole import unwritable, write_whole
from avel.pipeline.media.apart import Apart, footage_of
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import InputError


class ResultFolder:
    """Writes results in any order; a file that holds all of them is in the order of the inputs.

    Used in a `with` block, whose end gives `videos.csv` and `events.csv` their names; earlier ones
    that hold other videos are kept beside. Where the block ends by an error, the files of the
    results that came are there, and earlier ones of all videos are as they were. The name of a
    video's files is its own from run to run.

    Args:
        out: The folder, made where it is missing.
        files: All inputs in their order; one that is named twice counts once.
        pages: Further files of each result by suffix, as functions that give their text.
        formats: Names in `FORMATS`.
        warn: Takes what must be said of a video or of the folder, in a sentence.
        over: Names of further files over all results, which are written after the block.
        names: Of the results' files by input, where they have some already.

    Raises:
        InputError: `out` is a file, or its index is none.
        EnvironmentProblem: it cannot be made or written, or the disk is full.
    """

    def __init__(
        self,
        out: Path,
        files: Iterable[str],
        pages: Mapping[str, Callable[[Result], str]] | None = None,
        formats: Iterable[str] = USUAL,
        *,
        warn: Callable[[str], object] = lambda sentence: None,
        over: Iterable[str] = (),
        names: Mapping[str, str] | None = None,
    ) -> None:
        keys = ResultNames()
        self._chosen = [FORMATS[name] for name in dict.fromkeys(formats)]
        self._out, self._pages = out, dict(pages or {})
        self._places = {file: number for number, file in enumerate(dict.fromkeys(files))}
        self._names = [names[file] for file in self._places] if names else []
        self._keys = [keys.name(PurePath(file).stem) for file in self._places]
        self._alone = [form for form in self._chosen if not form.together]
        whole = [(EVENTS, form) for form in self._chosen if form.together]
        self._together = [
            Together(out / f"{name}{form.suffix}", form)
            for name, form in [*whole, (LISTED, VIDEOS)]
        ]
        self._over = [each.path for each in self._together] + [out / name for name in over]
        self._warn, self._apart = warn, Apart()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        make_folder(self._out)
        self._stack.enter_context(self._apart)
        suffixes = [*(form.suffix for form in self._alone), *self._pages]
        self._names = self._names or claim(self._out, self._places, suffixes)
        for together in self._together:
            self._stack.enter_context(together)
        return self

    @property
    def names(self) -> dict[str, str]:
        """Names of all results' files by input, in their order, once the block is entered."""
        return dict(zip(self._places, self._names, strict=True))

    def add(self, result: Result) -> str:
        """Write one result's files now, with times in seconds or frames; gives its name.

        Raises:
            EnvironmentProblem: the disk is full.
        """
        number = self._places[result.file]
        name, entry = self._names[number], self._entry(number, result)
        for form in self._alone:
            write_whole(self._out / f"{name}{form.suffix}", form.write([entry]))
        for suffix, page in self._pages.items():
            write_whole(self._out / f"{name}{suffix}", page(result))
        for together in self._together:
            together.add(number, entry)
        for sentence in dict.fromkeys(s for form in self._chosen for s in form.cautions(entry)):
            self._warn(f"{result.file}: {sentence}")
        return name

    def _entry(self, number: int, result: Result) -> Entry:
        counted = any(form.counts_frames for form in self._chosen) and result.status != "failed"
        footage = footage_of(self._apart, Path(result.file)) if counted else None
        return Entry(result, self._keys[number], footage, self._out)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with index_of(self._out) as index:
            for path in self._over:
                if kept := keep_earlier(path, index, self._names):
                    self._warn(f"{path}: had results of other files; kept as {kept.name}")
                index.together[path.name] = self._names
            self._stack.__exit__(None, None, None)


def make_folder(out: Path) -> None:
    """Make the folder that `--out` names, where it is missing.

    Raises:
        InputError: it is a file, or lies in one.
        EnvironmentProblem: it cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as err:
        raise InputError(f"--out {out}: is a file or lies in one; give a folder") from err
    except OSError as err:
        raise unwritable(out, err) from err
