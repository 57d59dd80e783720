"""Any media through the decoder, each file beside an independent decode by the ffmpeg program.

    python -m benchmarks.corpus FOLDER... [--table corpus.csv]

Every file gets a line in the table: how it ended and why, cells, CPU time, peak memory of the
decoding child, wall time; and for what decodes how far pictures at five random moments (mean of
absolute differences, levels of 255; the worst moment) and the energy of the sound in each second
(dB; the worst second) are from what ffmpeg decodes. A difference that a rule explains is named by
it. Each folder is a collection; the summary of all is printed as Markdown. Exit 1 where a file
differs without an explanation, or took more than 20 s or 600 MB.
"""

import argparse
import csv
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.decoder import Decoders
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.media.messages import Window
from avel.pipeline.reasons import Reason
from benchmarks.differences import Read, theirs, verdict
from benchmarks.watch import Watch

MOST_SECONDS, MOST_MB = 20.0, 600.0
CONFIG = SegmentConfig(frames_per_cell=4)
"""More moments of a second than the one that `localize` looks at."""
LIMITS = DecodeLimits(timeout_seconds=MOST_SECONDS - 2)
"""Less than the most that a file may take by what a child needs to give up."""
KEPT = ("agrees", "alone")
WHOLE = {Reason.NO_AUDIO, Reason.NO_VIDEO, Reason.HDR}
"""Flags of a file to which nothing happened."""


@dataclass
class Row:
    """A line of the table."""

    collection: str
    file: str
    outcome: str
    """whole, partial (something is missing or damaged), or refused."""
    reasons: str
    cells: int
    cpu_s: float
    peak_mb: float
    wall_s: float
    picture_levels: float | None = None
    sound_db: float | None = None
    verdict: str = ""
    """agrees, explained, differs; alone: ffmpeg decodes nothing of it."""
    why: str = ""
    message: str = ""
    ffmpeg: str = ""
    digest: str = ""
    """Of what was compared."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path, help="or single files")
    parser.add_argument("--table", type=Path, default=Path("corpus.csv"))
    parser.add_argument(
        "--known", type=Path, help="an earlier table: what decodes alike is not compared again"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    args = parser.parse_args()
    done = []
    with args.table.open("w", newline="", errors="surrogateescape") as file:
        writer = csv.DictWriter(file, [item.name for item in fields(Row)])
        writer.writeheader()
        for row in rows(args.folders, args.seed, known(args.known)):
            done.append(row)
            writer.writerow(vars(row))
            file.flush()
    print("\n".join(summary(done)))
    if any(row.verdict == "differs" or exceeds(row) for row in done):
        raise SystemExit(1)


def known(table: Path | None) -> dict[str, dict[str, str]]:
    """Rows that agree of an earlier table, by the digest of what was compared."""
    if table is None:
        return {}
    with table.open(newline="", errors="surrogateescape") as file:
        return {row["digest"]: row for row in csv.DictReader(file) if row["verdict"] in KEPT}


def rows(folders: Sequence[Path], seed: int, before: dict[str, dict[str, str]]) -> Iterator[Row]:
    with Decoders(CONFIG, LIMITS) as decoders:
        for folder in folders:
            inside = sorted(path for path in folder.rglob("*") if path.is_file())
            for path in inside if folder.is_dir() else [folder]:
                name = str(path.relative_to(folder)) if folder.is_dir() else path.name
                with Watch() as watch:
                    found = read(decoders, path, f"{seed} {name}")
                cost = round(watch.cpu_s, 2), round(watch.peak_mb, 1), round(watch.wall_s, 2)
                row = Row(folder.name, name, *outcome(found), found.cells, *cost)
                row.digest = found.digest(name)
                row.message = found.error.message.replace(str(path), "FILE") if found.error else ""
                yield compared(row, found, path, before.get(row.digest))


def compared(row: Row, found: Read, path: Path, before: dict[str, str] | None) -> Row:
    """The row with how far ffmpeg's decode is, from an earlier table where it is the same."""
    if before is not None:
        row.picture_levels, row.sound_db = (
            float(before[kind]) if before[kind] else None for kind in ("picture_levels", "sound_db")
        )
        row.verdict, row.why, row.ffmpeg = before["verdict"], before["why"], before["ffmpeg"]
        return row
    told = theirs(path, found)
    row.picture_levels = None if told.levels is None else round(told.levels, 2)
    row.sound_db = None if told.decibels is None else round(told.decibels, 2)
    row.verdict, row.why = verdict(found, told)
    row.ffmpeg = f"{told.format}; {len(told.errors)} errors: {' '.join(told.errors[:1])[:80]}"
    return row


def read(decoders: Decoders, path: Path, seed: str) -> Read:
    """One file through the pool."""
    found = Read(CONFIG, random.Random(seed))
    decoders.start(0, path)
    while decoders.busy:
        for event in decoders.events():
            if isinstance(event, Window):
                found.add(event.segments)
            else:
                found.error = event.error
    return found


def outcome(found: Read) -> tuple[str, str]:
    if found.error is not None:
        return "partial" if found.cells else "refused", str(found.error.reason)
    return "whole" if WHOLE.issuperset(found.flags) else "partial", " ".join(found.flags)


def exceeds(row: Row) -> bool:
    return row.wall_s > MOST_SECONDS or row.peak_mb > MOST_MB


def summary(done: Sequence[Row]) -> Iterator[str]:
    """Tables: how files ended, for which reasons, how far they are from ffmpeg's, and why."""
    collections = list(dict.fromkeys(row.collection for row in done))
    groups = [(name, [row for row in done if row.collection == name]) for name in collections]
    groups.append(("all", list(done)))
    yield "| collection | files | whole | partial | refused | most CPU (s) | most wall (s) | most memory (MB) |"
    yield "|---" * 8 + "|"
    for name, own in groups:
        ended = Counter(row.outcome for row in own)
        most = [max(getattr(row, kind) for row in own) for kind in ("cpu_s", "wall_s", "peak_mb")]
        counts = " | ".join(str(ended[kind]) for kind in ("whole", "partial", "refused"))
        yield f"| {name} | {len(own)} | {counts} | {most[0]:.1f} | {most[1]:.1f} | {most[2]:.0f} |"
    yield "\n| collection | agree | explained | differ | ffmpeg decodes nothing | largest picture difference (levels) | largest sound difference (dB) |"
    yield "|---" * 7 + "|"
    for name, own in groups:
        told = Counter(row.verdict for row in own)
        counts = " | ".join(str(told[kind]) for kind in ("agrees", "explained", "differs", "alone"))
        agreeing = [row for row in own if row.verdict == "agrees"]
        levels = max((row.picture_levels or 0.0 for row in agreeing), default=0.0)
        decibels = max((row.sound_db or 0.0 for row in agreeing), default=0.0)
        yield f"| {name} | {counts} | {levels:.1f} | {decibels:.2f} |"
    yield from _counted("reason", (r for row in done for r in row.reasons.split()))
    yield from _counted("explanation", (row.why for row in done if row.verdict == "explained"))
    yield ""
    yield from (f"{row.verdict}: {row.file}: {row.why}" for row in done if row.verdict == "differs")


def _counted(title: str, words: Iterable[str]) -> Iterator[str]:
    yield f"\n| {title} | files |"
    yield "|---|---|"
    for word, count in sorted(Counter(words).items()):
        yield f"| {word} | {count} |"


if __name__ == "__main__":
    main()
