"""Pages of results that were written earlier."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.formats.folder import ResultFolder, make_folder
from avel.pipeline.formats.index import claim
from avel.pipeline.formats.read import SUFFIX, Written
from avel.pipeline.formats.table import FORMATS
from avel.pipeline.formats.whole import write_whole
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import InputError
from avel.pipeline.report.index import NAME, Index
from avel.pipeline.report.pages import PAGE, Pages
from avel.pipeline.work.say import warn


def report_again(
    out: Path,
    written: Sequence[Written],
    truth: Truth,
    *,
    films: Path | None = None,
    proxy: bool = False,
    formats: Sequence[str] = (),
) -> Path:
    """Write a page for each result, and their index; the path of the index.

    Args:
        out: The folder, made where it is missing.
        written: The results; of two of one film the later counts.
        truth: Annotated events in seconds, shown where they are known.
        films: Where the films are now; None for where they were, or beside their results.
        proxy: Whether to make a small copy of what no browser plays.
        formats: Names of the files that are written beside the pages.

    Raises:
        InputError: `out` is a file, or two results may be of one film.
        EnvironmentProblem: it cannot be made or written.
    """
    found = _now(written, films)
    make_folder(out)
    suffixes = [SUFFIX, PAGE, *(FORMATS[each].suffix for each in formats)]
    named, name = _named(out, list(found.values()), suffixes), out.resolve().name
    earlier = {result.file: _page_beside(each) for each, result in found.values()}
    with (
        Pages(out, truth, None, proxy=proxy, earlier=earlier) as pages,
        Index(out, name) as index,
        _beside_pages(out, named, formats) as add,
    ):
        pages.names = named
        for _, result in found.values():
            write_whole(out / f"{named[result.file]}{PAGE}", pages.page(result))
            index.add(pages.number(result), pages.entry(result))
            add(result)
    return out / NAME


@contextmanager
def _beside_pages(
    out: Path, named: Mapping[str, str], formats: Sequence[str]
) -> Iterator[Callable[[Result], object]]:
    """Takes results and writes their files, where there are any to write."""
    if not formats:
        yield lambda result: None
        return
    with ResultFolder(out, named, formats=formats, warn=warn, names=named) as folder:
        yield folder.add


def _page_beside(each: Written) -> Path:
    """The page that `avel localize --out` wrote beside a result."""
    return each.path.with_name(each.path.name.removesuffix(SUFFIX) + PAGE)


def _now(written: Sequence[Written], films: Path | None) -> dict[str, tuple[Written, Result]]:
    """Results with their films where these are now, by where they were."""
    found = {each.result.file: (each, _found(each, films)) for each in written}
    taken: dict[str, str] = {}
    for file, (_, result) in found.items():
        other = taken.setdefault(result.file, file)
        if other != file:
            raise InputError(
                f"{result.file}: may be the film of two results, {other} and {file}; give --films "
                "with a folder in which these lie apart, as they did"
            )
    return found


def _found(each: Written, films: Path | None) -> Result:
    """The result with its film where it is now."""
    file = Path(each.result.file)
    if films:  # with as many of its folders as are there
        parts = [part for part in file.parts if part not in (file.anchor, "..")]
        places = [films.joinpath(*parts[at:]) for at in range(len(parts))]
    else:
        places = [file, each.path.parent / file.name]
    there = next((place for place in places if place.is_file()), file)
    return replace(each.result, file=str(there))


def _named(
    out: Path, found: Sequence[tuple[Written, Result]], suffixes: Sequence[str]
) -> dict[str, str]:
    """Names by file: a page stands beside its result and is named as it is, others by the index."""
    names = [_beside(out, each) for each, _ in found]
    others = [each.result.file for (each, _), name in zip(found, names, strict=True) if not name]
    claimed = iter(claim(out, others, suffixes) if others else ())
    return {
        result.file: name or next(claimed) for name, (_, result) in zip(names, found, strict=True)
    }


def _beside(out: Path, each: Written) -> str:
    """The name of a result that lies in the folder by itself; empty elsewhere."""
    is_there = each.alone and each.path.parent.resolve() == out.resolve()
    return each.path.name.removesuffix(SUFFIX) if is_there else ""
