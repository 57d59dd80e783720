"""A dataset in AVE's layout of corrected films, and where each of its seconds comes from."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from avel.cache.whole import replacing
from avel.pipeline.annotations.rows import Planned, Row
from avel.pipeline.datasets.ave import SPLITS
from avel.pipeline.formats.folder import make_folder
from avel.pipeline.formats.whole import readable, unwritable, write_whole
from avel.pipeline.media.apart import Apart
from avel.pipeline.reasons import InputError, MediaError

MARKER, SCHEMA = "avel.dataset.json", "avel.dataset/1"
PROVENANCE = "provenance.jsonl"
TABLE = "Annotations.txt"
MICROSECONDS = 1_000_000


def claim_folder(out: Path) -> list[str]:
    """Make the folder, or find in it what an earlier run wrote; files of that run.

    Raises:
        InputError: it is a file, or holds something that is not ours.
        EnvironmentProblem: it cannot be made.
    """
    make_folder(out)
    marker = out / MARKER
    if marker.is_file():
        return _files_of(marker)
    if any(out.iterdir()):
        raise InputError(
            f"--out {out}: holds something else than a dataset of annotations; give a new folder"
        )
    return []


def _files_of(marker: Path) -> list[str]:
    try:
        given = json.loads(marker.read_bytes())
        if given["schema"] != SCHEMA:
            raise ValueError(f"schema {given['schema']!r:.40}")
        files = [str(file) for file in given["files"]]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"{marker}: is not what avel writes there ({err}); give a new folder"
        ) from err
    if any(Path(file).is_absolute() or ".." in Path(file).parts for file in files):
        raise InputError(f"{marker}: names files outside of its folder; give a new folder")
    return files


def write_dataset(
    out: Path, planned: Planned, apart: Apart, *, copied: bool = False
) -> Iterator[tuple[str, str]]:
    """Write all of the folder; yields each video's id, and why it cannot be made, or nothing.

    A folder of an earlier run is made the new dataset: what is there is kept, what is no longer
    named is deleted. While that goes on it has no `Annotations.txt`, so that nothing takes it for
    whole; run again after a stop to go on.

    Args:
        out: The folder.
        planned: Its rows.
        apart: Cuts films.
        copied: Whether whole films are copied; else they are linked.

    Raises:
        InputError: the folder is not ours, or no video could be made.
        EnvironmentProblem: it cannot be written, or the disk is full.
    """
    before = claim_folder(out)
    try:
        (out / TABLE).unlink(missing_ok=True)
        files = [row.file for row in planned.rows]
        _mark(out, [*before, *files])
        made = []
        for row in planned.rows:
            why = _place(out / row.file, row, apart, copied)
            made += [] if why else [row]
            yield row.video_id, why
        if not any(row.piece.label for row in made):
            raise InputError(f"--out {out}: not one film could be put there; see what was said")
        _write_tables(out, Planned(tuple(made), (), ()))
        kept = {row.file for row in made}
        for file in {*before, *files} - kept:
            (out / file).unlink(missing_ok=True)
        _mark(out, sorted(kept))
        write_whole(out / TABLE, Planned(tuple(made), (), ()).table)
    except OSError as err:
        raise unwritable(out, err) from err


def _mark(out: Path, files: Sequence[str]) -> None:
    document = {"schema": SCHEMA, "files": sorted(set(files))}
    write_whole(out / MARKER, json.dumps(document, indent=1) + "\n")


def _place(target: Path, row: Row, apart: Apart, copied: bool) -> str:
    """Put a row's video where it belongs; why that cannot be done, else nothing."""
    target.parent.mkdir(exist_ok=True)
    if row.whole:
        _whole(target, row.film.path, copied)
        return ""
    if target.is_file():  # whole, and named after its content
        return ""
    start, stop = (cell * MICROSECONDS for cell in (row.piece.start, row.piece.stop))
    try:
        apart.ask("cut", row.film.path, target=str(target.absolute()), start=start, stop=stop)
    except MediaError as err:
        return f"{row.video_id}: cannot be cut out of its film ({err.message}); it is left out"
    return ""


def _whole(target: Path, film: Path, copied: bool) -> None:
    there = os.path.lexists(target)
    if copied:
        if there and not target.is_symlink():
            return
        with replacing(target, durable=False) as part:
            shutil.copyfile(film, part)
        return
    if there and os.path.realpath(target) == os.path.realpath(film):
        return
    part = target.with_name(f".{target.name}")
    part.unlink(missing_ok=True)
    part.symlink_to(film.resolve())
    part.replace(target)


def _write_tables(out: Path, planned: Planned) -> None:
    """All but `Annotations.txt`, which makes the folder a dataset."""
    annotated = planned.annotated
    labels = dict.fromkeys(str(row.piece.label) for row in annotated)
    write_whole(out / "categories.txt", "".join(f"{label}\n" for label in labels))
    for split in SPLITS:
        lines = (f"{row.line}\n" for row in annotated if row.split == split)
        write_whole(out / f"{split}Set.txt", "".join(lines))
    noisy = (f"{row.video_id}\n" for row in planned.rows if not row.piece.label)
    write_whole(out / "noisySet.txt", "".join(noisy))
    lines = (
        json.dumps(said, ensure_ascii=False) + "\n" for row in planned.rows for said in _cells(row)
    )
    write_whole(out / PROVENANCE, readable("".join(lines)))


def _cells(row: Row) -> Iterator[dict[str, Any]]:
    """Of each second of a video: what it shows, of which second of which film, and who says so."""
    for second in range(row.piece.start, row.piece.stop):
        span = row.cells.shows[second]
        yield {
            "video": row.video_id,
            "cell": second - row.piece.start,
            "split": row.split if row.piece.label else "noisy",
            "film": str(row.film.path),
            "second": second,
            "label": span.label if span else None,
            "by": [
                {
                    "file": str(source.file),
                    "place": source.place,
                    "annotator": source.annotator,
                    "label": source.label,
                    "onset": round(source.onset, 6),
                    "offset": round(source.offset, 6),
                }
                for source in (span.sources if span else ())
            ],
            "annotations": [str(file) for file in row.film.files],
        }
