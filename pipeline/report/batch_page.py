"""The page of a batch: what came of each video, what it took, and what held it up."""

import json
from collections.abc import Iterator, Mapping, Sequence
from os.path import commonpath
from pathlib import Path, PurePath
from typing import Any

from avel.pipeline.batch.summary import summarize
from avel.pipeline.formats.whole import write_whole
from avel.pipeline.report import charts
from avel.pipeline.report.template import Assets, render

DOCUMENT, PAGE = "report.json", "index.html"
STYLES, SCRIPTS = ("style.css", "run.css", "batch.css"), ("data.js", "still.js")
QUANTITIES = {
    "media_seconds": "media",
    "decode_seconds": "decoding",
    "encode_seconds": "encoding",
    "wall_seconds": "all of it",
    "features_bytes": "features",
}


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Write what came of the run that a folder tells of, as JSON and as a page; the page's path.

    Args:
        folder: Of the run; it may have been killed, or still go on.
        out: Where to write [the folder].

    Raises:
        InputError: the folder tells of no run.
        EnvironmentProblem: the files cannot be written.
    """
    said, out = summarize(folder), out or folder
    write_whole(out / DOCUMENT, json.dumps(said, indent=2) + "\n")
    write_whole(out / PAGE, batch_page(folder.resolve().name, said))
    return out / PAGE


def batch_page(title: str, said: Mapping[str, Any]) -> str:
    """The page of a summary as text; times in seconds and bytes as people read them."""
    assets, folder = Assets(STYLES, SCRIPTS), _shared([each["path"] for each in said["slowest"]])
    return render(
        "batch.html.j2",
        title=title,
        facts=list(_facts(said)),
        notes=list(_notes(said)),
        reasons=[{"name": name, **each} for name, each in said["reasons"].items()],
        rate=_rate(said["rate"]),
        balance=_balance(said["balance"]),
        folder=folder,
        slowest=[_slow(each, folder) for each in said["slowest"]],
        plan=list(_plan(said["plan"] or {})),
        made=_made(said),
        style=assets.style,
        script=assets.script,
        policy=assets.policy(),
    )


def _facts(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The first numbers that a reader looks for."""
    yield "videos", f"{said['videos']}"
    for name in ("extracted", "cached", "failed"):
        yield name, f"{said[name] + (said['missing'] if name == 'failed' else 0)}"
    yield "media", duration(said["cells"])
    yield "worked", duration(said["worked_seconds"])
    yield "features", size(said["bytes"])
    if said["balance"]["bottleneck"]:
        yield "bottleneck", said["balance"]["bottleneck"]


def _notes(said: Mapping[str, Any]) -> Iterator[str]:
    if said["untold"]:
        yield (
            f"Of {said['untold']} videos nothing is told here: the run was stopped, goes on still, "
            "or other machines did them. Run the same command again to go on."
        )


def _rate(rate: Mapping[str, Any]) -> charts.Chart | None:
    """Videos a minute over the time of work in minutes."""
    if not (width := rate["seconds"] / 60):
        return None
    points = [((n + 1) * width, count / width) for n, count in enumerate(rate["videos"])]
    return charts.chart({"videos a minute": points}, "minutes of work", ends=False)


def _balance(balance: Mapping[str, Any]) -> tuple[list[charts.Bar], str]:
    """Shares of the loops' time, and what would balance them."""
    if not balance["bottleneck"]:
        return [], "Next to nothing was decoded or encoded."
    waited = balance["waited_share"]
    bars = charts.bars({"waited for decoders": waited, "encoded": 1 - waited}, {})
    if not (cores := balance["balancing_cores"]):
        return bars, ""
    return bars, (
        f"Decoding took {duration(balance['decoding_seconds'])} of cores beside "
        f"{duration(balance['encoding_seconds'])} of encoding: with {cores} "
        f"{'core' if cores == 1 else 'cores'} for decoding a loop would not wait."
    )


def _shared(paths: Sequence[str]) -> str:
    """The folder that holds all of them; empty where there is none to speak of."""
    parents = [str(PurePath(path).parent) for path in paths]
    whole = {PurePath(path).is_absolute() for path in paths}
    shared = commonpath(parents) if len(whole) == 1 else ""
    return shared if shared not in ("", ".", "/") else ""


def _slow(each: Mapping[str, Any], folder: str) -> tuple[str, ...]:
    seconds = (each["decode_seconds"], each["encode_seconds"])
    path = str(each["path"]).removeprefix(f"{folder}/" if folder else "")
    return (path, f"{each['cells']}", *(f"{s:.2f}" for s in seconds), each["outcome"])


def _plan(plan: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """What was expected, its range, what came, how far that is off."""
    for name, what in QUANTITIES.items():
        if (each := plan.get(name)) is None:
            continue
        shown = size if name.endswith("bytes") else duration
        expected = each["expected"]
        between = f"{shown(expected['low'])} to {shown(expected['high'])}"
        off = "" if each["error"] is None else f"{each['error']:+.0%}"
        inside = "within" if each["within"] else "outside"
        yield what, shown(expected["likely"]), between, shown(each["actual"]), off, inside


def _made(said: Mapping[str, Any]) -> list[tuple[str, str]]:
    """By what, and when."""
    times = [
        ("began", said["began"]),
        ("ended", said["ended"] or ""),
        ("sessions", said["sessions"]),
    ]
    shown = [(name, str(value)) for name, value in times]
    return [("features", said["fingerprint"]), *shown, *said["versions"].items()]


def duration(seconds: float) -> str:
    """Seconds as people say it."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def size(count: float) -> str:
    """Bytes as people say it."""
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count / 1e3:.1f} kB"
