"""A result in Python: what the pipeline knows of a video, and ways to keep it."""

import os
import warnings
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Self

from avel.arguments import File, path_of
from avel.pipeline.formats.choice import known
from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.table import FORMATS, of_suffix
from avel.pipeline.formats.whole import write_whole
from avel.pipeline.media.apart import Apart, footage_of
from avel.pipeline.method.results import Result as Known


class Result(Known):
    """What is known of one file; `Known` has the fields, times in seconds."""

    @classmethod
    def of(cls, found: Known) -> Self:
        """The pipeline's result with these ways; times stay seconds."""
        return cls(**{field.name: getattr(found, field.name) for field in fields(found)})

    def save(self, path: File, *, format: str | None = None) -> Path:
        """Write it in a format of docs/formats.md, in seconds or in frames as that has them.

        The file is there whole or not at all.

        What must be known of it, such as of a film whose frames come at changing intervals, is a
        warning.

        Args:
            path: The file; its suffix says the format, such as `.eaf`, `.vtt` or `.audacity.txt`.
            format: A format's name where the suffix does not say it.

        Returns:
            The path.

        Raises:
            TypeError: `path` is none.
            InputError: the suffix says no format, or there is none of that name.
            EnvironmentProblem: the file cannot be written.
        """
        target = path_of("path", path)
        form = of_suffix(target) if format is None else FORMATS[known(format)]
        with Apart() as apart:
            film = Path(self.file) if form.counts_frames and self.status != "failed" else None
            footage = None if film is None else footage_of(apart, film)
        entry = Entry(self, footage=footage, folder=target.absolute().parent)
        for sentence in form.cautions(entry):
            warnings.warn(f"{self.file}: {sentence}", stacklevel=2)
        write_whole(target, form.write([entry]))
        return target

    def show(self) -> None:
        """Show lanes and events in the notebook that runs; elsewhere the page in the browser.

        The page is that of `avel localize --out`, with the film; its times are seconds. Where no
        browser can be opened, such as on a server, a warning says where the page is.

        Raises:
            EnvironmentProblem: the page cannot be written.
        """
        from avel.pipeline.method import notebook  # for those who look

        if not notebook.displayed(self):
            from avel.pipeline.report import opening  # slow: loads Jinja2

            opening.open_page(self)


def read_results(path: File) -> Iterator[Result]:
    """Results that were written earlier, with times in seconds, as `localize` gave them.

    Args:
        path: A `.json` of one video, the list that `avel localize --json` prints, or a folder of
            `--out`.

    Raises:
        TypeError: it is no path.
        InputError: there is none, or what lies there is no result.
    """
    from avel.pipeline.formats.read import read_results as read

    for written in read(Path(os.fspath(path_of("path", path)))):
        yield Result.of(written.result)
