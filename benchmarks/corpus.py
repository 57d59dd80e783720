"""Any media through the decoder, each beside an independent decode by the ffmpeg program.

    python -m benchmarks.corpus FOLDER... [--table corpus.csv]

Every file gets a line: how it ended and why, cells, CPU time, peak memory of the decoding child,
wall time; and for what decodes how far pictures at five random moments (mean of absolute
differences, levels of 255; the worst moment) and the sound's energy in each second (dB; the worst
second) are from what the program ffmpeg decodes. A difference that a rule explains is named by the
rule. Each folder is one collection. Exit 1 where a file differs without an explanation, got no
answer in 20 s or took more than 600 MB.
"""

import argparse
import contextlib
import csv
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.decoder import DecodeLimits, Decoders, Ended, Window
from avel.pipeline.reasons import MediaError, Reason
from benchmarks import oracle

SHOTS = 4
"""In a cell: more moments than the one that `localize` looks at."""
MOMENTS = 5
FRAME_LEVELS = 6.0
"""Mean difference of two scalers of one frame: less, also where every other pixel is an edge."""
TIE_SECONDS = 0.002
"""A frame that begins this near a moment may be shown at it or not: the program prints roundly."""
SOUND_DB = 1.0
QUIET = 50.0
"""Of 32768: a floor under energies, so that silence and almost silence are near."""
MOST_SECONDS, MOST_MB = 20.0, 600.0
CONFIG = SegmentConfig(frames_per_cell=SHOTS)
LIMITS = DecodeLimits(timeout_seconds=60.0)


@dataclass
class Row:
    """A line of the table."""

    collection: str
    file: str
    outcome: str = ""
    reasons: str = ""
    cells: int = 0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    wall_s: float = 0.0
    picture_levels: float | None = None
    sound_db: float | None = None
    verdict: str = ""
    """agrees, explained, differs, or alone: neither picture nor sound to compare."""
    why: str = ""
    message: str = ""


@dataclass
class Read:
    """What avel made of a file: some pictures, and the energy of each second."""

    cells: int = 0
    duration: float = 0.0
    flags: tuple[Reason, ...] = ()
    error: MediaError | None = None
    pictures: dict[float, oracle.Picture] = field(default_factory=dict)
    seen: int = 0
    energy: list[float] = field(default_factory=list)
    heard: int = 0

    def add(self, segments: Segments, dice: random.Random) -> None:
        """Take the next cells; of the pictures a random choice stays, by reservoir."""
        for number, frames in enumerate(segments.frames):
            for shot, picture in enumerate(frames):
                if segments.visual_mask[number]:
                    moment = self.cells + number + (shot + 0.5) / SHOTS
                    self._consider(moment, picture, dice)
        self.energy += [energy(second) for second in segments.samples]
        self.heard += int(segments.audio_mask.sum())
        self.cells += len(segments.frames)
        self.duration, self.flags = segments.duration, segments.flags

    def _consider(self, moment: float, picture: oracle.Picture, dice: random.Random) -> None:
        self.seen += 1
        if len(self.pictures) < MOMENTS:
            self.pictures[moment] = picture.copy()
        elif dice.random() < MOMENTS / self.seen:
            del self.pictures[dice.choice(sorted(self.pictures))]
            self.pictures[moment] = picture.copy()


def energy(samples: NDArray[np.int16]) -> float:
    """Root of the mean square, in levels of 32768."""
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64))))) if len(samples) else 0.0


class Watch(threading.Thread):
    """CPU time and peak memory of the processes below this one, looked at ten times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._over = threading.Event()
        self.peak_mb = 0.0

    def __enter__(self) -> Self:
        for pid in below(os.getpid()):
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is counted anew
        self._began, self._cpu = time.monotonic(), cpu_seconds()
        self.start()
        return self

    def run(self) -> None:
        while not self._over.wait(0.1):
            self._look()

    def _look(self) -> None:
        peaks = [peak_mb(pid) for pid in below(os.getpid())]
        self.peak_mb = max([self.peak_mb, *peaks])

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        self._look()
        self.wall_s, self.cpu_s = time.monotonic() - self._began, cpu_seconds() - self._cpu


def below(pid: int) -> list[int]:
    """Children of a process, and theirs."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        found = [int(c) for task in tasks for c in (task / "children").read_text().split()]
    except OSError:
        return []
    return found + [other for child in found for other in below(child)]


def cpu_seconds() -> float:
    """CPU time of the processes below this one, those included that they have buried."""
    total = 0
    for pid in below(os.getpid()):
        try:
            text = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        total += sum(int(ticks) for ticks in text.rpartition(")")[2].split()[11:15])
    return total / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return (
        float(text.partition("VmHWM:")[2].split(maxsplit=1)[0] or 0) / 1024
        if "VmHWM" in text
        else 0.0
    )


def read(decoders: Decoders, path: Path) -> Read:
    """One file through the pool."""
    found, dice = Read(), random.Random(path.name)
    decoders.start(0, path)
    while decoders.busy:
        for event in decoders.events():
            if isinstance(event, Window):
                found.add(event.segments, dice)
            elif isinstance(event, Ended):
                found.error = event.error
            else:
                found, dice = Read(), random.Random(path.name)
    return found


def judged(row: Row, found: Read, path: Path) -> Row:
    """The row with how far the program's decode is, and why."""
    probed = oracle.probe(path)
    notes = Notes(probed)
    for kind, compare in (("video", compare_pictures), ("audio", compare_sound)):
        best: tuple[float, str] | None = None
        for stream in oracle.streams(probed, kind)[:4]:
            shift = oracle.shift_of(probed, chosen(probed, stream))
            result = compare(found, path, stream, shift, notes)
            best = min(filter(None, (best, result)), default=None)
        if best is not None:
            setattr(row, "picture_levels" if kind == "video" else "sound_db", round(best[0], 2))
    row.verdict, row.why = verdict(row, found, notes)
    return row


@dataclass
class Notes:
    """What is known of the file from the program alone."""

    probed: dict[str, Any]
    frames: int = 0
    samples: int = 0
    interlaced: bool = False
    errors: list[str] = field(default_factory=list)
    off: str = ""
    """Where a neighbouring frame fits better."""


def chosen(probed: dict[str, Any], stream: dict[str, Any]) -> list[dict[str, Any]]:
    """The stream and the first of the other kind."""
    other = "audio" if stream["codec_type"] == "video" else "video"
    return [stream, *oracle.streams(probed, other)[:1]]


def compare_pictures(
    found: Read, path: Path, stream: dict[str, Any], shift: float, notes: Notes
) -> tuple[float, str] | None:
    shown = oracle.pictures(path, stream["index"], CONFIG.image_size, list(found.pictures), shift)
    notes.frames = max(notes.frames, len(shown.times))
    notes.interlaced |= shown.interlaced
    notes.errors += shown.errors
    worst, off = -1.0, ""
    for moment, three in shown.at.items():
        if moment > max(shown.times) + 0.5:
            continue
        before, now, after = (levels(found.pictures[moment], other) for _, other in three)
        if moment - three[1][0] < TIE_SECONDS:
            now = min(now, before)
        if three[2][0] - moment < TIE_SECONDS:
            now = min(now, after)
        if now > max(1.0, 3 * min(before, after)):
            off = f"{moment:.2f} s: {now:.1f}, before {before:.1f}, after {after:.1f}"
        worst = max(worst, now)
    notes.off = off
    return (worst, off) if worst >= 0 else None


def levels(one: oracle.Picture, other: oracle.Picture) -> float:
    return float(np.mean(np.abs(one.astype(np.int16) - other)))


def compare_sound(
    found: Read, path: Path, stream: dict[str, Any], shift: float, notes: Notes
) -> tuple[float, str] | None:
    rate = CONFIG.sample_rate
    heard = oracle.sound(path, stream["index"], rate, shift)
    notes.samples = max(notes.samples, len(heard.samples))
    notes.errors += heard.errors
    if not found.heard or not len(heard.samples):
        return None
    worst, at = -1.0, 0
    for second, ours in enumerate(found.energy[: oracle.MOST_SECONDS]):
        theirs = heard.samples[second * rate : (second + 1) * rate]
        whole = energy(theirs) * float(np.sqrt(len(theirs) / rate))
        difference = abs(20 * float(np.log10((ours + QUIET) / (whole + QUIET))))
        if difference > worst:
            worst, at = difference, second
    return worst, f"second {at}"


def verdict(row: Row, found: Read, notes: Notes) -> tuple[str, str]:
    decodes = bool(notes.frames or notes.samples)
    if found.error is not None:
        if not decodes:
            return "alone", "ffmpeg decodes nothing either"
        return "differs", f"ffmpeg decodes {notes.frames} frames, {notes.samples} samples"
    if row.picture_levels is None and row.sound_db is None:
        return "alone", f"ffmpeg: {notes.errors[:1]}"
    wrong = []
    if (row.picture_levels or 0) > FRAME_LEVELS or notes.off:
        wrong.append(f"picture {notes.off}")
    if (row.sound_db or 0) > SOUND_DB:
        wrong.append("sound")
    missing = [
        *(["no picture"] if notes.frames and not found.seen else []),
        *(["no sound"] if notes.samples and not found.heard else []),
    ]
    wrong += missing
    if not wrong:
        return "agrees", ""
    extra = [notes.probed.get("format", {}).get("format_name", "")]
    if notes.errors:
        extra.append(f"ffmpeg errs {len(notes.errors)}: {notes.errors[0][:60]}")
    if notes.interlaced:
        extra.append("interlaced")
    return "differs", "; ".join([*wrong, *extra])


def rows(folders: Sequence[Path]) -> Iterator[Row]:
    with Decoders(CONFIG, LIMITS) as decoders:
        for folder in folders:
            files = (
                [folder]
                if folder.is_file()
                else sorted(p for p in folder.rglob("*") if p.is_file())
            )
            for path in files:
                name = str(path.relative_to(folder)) if path != folder else str(path)
                with Watch() as watch:
                    found = read(decoders, path)
                row = Row(folder.name, name, *outcome(found), cells=found.cells)
                row.cpu_s, row.wall_s = round(watch.cpu_s, 2), round(watch.wall_s, 2)
                row.peak_mb = round(watch.peak_mb, 1)
                row.message = found.error.message.replace(str(path), "FILE") if found.error else ""
                yield judged(row, found, path)


def outcome(found: Read) -> tuple[str, str]:
    if found.error is not None:
        return ("partial" if found.cells else "refused"), str(found.error.reason)
    kinds = {Reason.NO_AUDIO, Reason.NO_VIDEO}
    flags = " ".join(found.flags)
    return ("whole" if kinds.issuperset(found.flags) else "partial"), flags


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--table", type=Path, default=Path("corpus.csv"))
    args = parser.parse_args()
    names = [item.name for item in fields(Row)]
    done = []
    with args.table.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row in rows(args.folders):
            done.append(row)
            writer.writerow(vars(row))
            file.flush()
    print(summary(done))


def summary(done: Sequence[Row]) -> str:
    lines = []
    for name in dict.fromkeys(row.collection for row in done):
        own = [row for row in done if row.collection == name]
        lines.append(
            f"{name}: {len(own)} {Counter((r.outcome, r.reasons) for r in own)} {Counter(r.verdict for r in own)}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
