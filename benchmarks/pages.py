"""How large pages are and how quickly a browser shows them; and the pictures of the documents.

    python -m benchmarks.pages                      # figures, as tables
    python -m benchmarks.pages a.html b.html        # the same of these pages
    python -m benchmarks.pages --pictures docs/pictures

Needs chromium (`apt-get install chromium`) and the extra `dev`. A film of two hours has 3,000 events of
28 kinds and real lanes; frames are counted while the view is panned from one end to the other.
"""

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from avel.pipeline.cli import main as avel
from avel.pipeline.method.events import Disagreement, Event, Evidence
from avel.pipeline.method.results import Result
from avel.pipeline.report.index import NAME, Index, entry
from avel.pipeline.report.page import Look, report_page
from avel.pipeline.report.preview import MOST_PICTURES, RATE, Preview
from avel.pipeline.report.sound import SoundLanes
from tests.browser import ARGUMENTS, executable

LABELS = [f"class {n}" for n in range(28)]
FRAMES = 60
PAN = """async () => {
  show(0, data.duration / 20);
  const times = [];
  for (let n = 0; n < %d; n++) {
    await new Promise((done) => requestAnimationFrame(done));
    const began = performance.now();
    const from = (n / %d) * data.duration * 0.95;
    show(from, from + data.duration / 20);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    times.push((performance.now() - began) / 2);
  }
  return times;
}"""


def film(seconds: int, events: int) -> tuple[Result, Preview]:
    """A result of a long film, and what its page shows of it."""
    rng = np.random.default_rng(20261126)
    onsets = np.sort(rng.uniform(0, seconds - 4, events))
    lengths = rng.choice([0.6, 1.0, 1.4, 2.0, 4.0], events)
    found = tuple(
        Event(
            round(float(onset), 2),
            round(float(onset + length), 2),
            LABELS[rng.integers(28)],
            round(float(rng.uniform(0.33, 1)), 3),
            Evidence(float(rng.normal(0, 2)), float(rng.uniform(3, 7)), "supports"),
        )
        for onset, length in zip(onsets, lengths, strict=True)
    )
    alone = tuple(
        Disagreement(float(t), float(t + 4), LABELS[3], "heard, not seen", 0.7, "no dog")
        for t in np.sort(rng.uniform(0, seconds - 4, events // 20))
    )
    tracks = [_track(rng, seconds) for _ in range(3)]
    result = Result(
        "film.mp4",
        "ok",
        duration=float(seconds),
        segments=seconds,
        events=found,
        disagreements=alone,
        model={"name": "everyday", "sha256": "0" * 64, "knows": "106 everyday events"},
        decoder={"name": "hysteresis", "threshold": 0.32},
        relevance=tuple(share for _, share in tracks[0]),
        top_classes=tracks[0],
        heard=tracks[1],
        seen=tracks[2],
    )
    return result, _preview(rng, seconds)


def _track(rng: np.random.Generator, seconds: int) -> tuple[tuple[str, float], ...]:
    walk = np.cumsum(rng.normal(0, 0.35, seconds))
    shares = 1 / (1 + np.exp(-0.4 * (walk - walk.mean())))
    return tuple((LABELS[rng.integers(28)], float(share)) for share in shares)


def _preview(rng: np.random.Generator, seconds: int) -> Preview:
    """Noise that swells, and pictures as hard to compress as real ones."""
    lanes, noise = SoundLanes(RATE, float(seconds)), rng.normal(0, 1, RATE)
    lanes.take((noise * rng.uniform(50, 9000)).astype(np.int16) for _ in range(seconds))
    num = min(MOST_PICTURES, seconds)
    rough = rng.integers(0, 256, (num, 10, 18, 3), np.uint8)
    pictures = rough.repeat(8, 1).repeat(8, 2)[:, :, :142]
    return Preview(None, pictures, seconds / num, lanes.peaks(), lanes.mel())


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)


def opened(browser: Browser, path: Path, **how: Any) -> tuple[Page, float]:
    """A page and the seconds until it was painted."""
    size = how.pop("size", (1200, 900))
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, **how)
    began = time.perf_counter()
    page.goto(path.as_uri())
    page.evaluate("new Promise((d) => requestAnimationFrame(() => requestAnimationFrame(d)))")
    return page, time.perf_counter() - began


def figures(folder: Path) -> None:
    print("| page | kB without the film | opened and painted, s | a frame while panning, ms |")
    print("|---|---|---|---|")
    with browser() as chromium:
        opened(chromium, _written(folder, 10, 3))[0].close()  # the browser itself is warm
        for seconds, events in ((10, 3), (3600, 1500), (7200, 3000)):
            path = _written(folder, seconds, events)
            print(f"| {seconds} s, {events} events {_measured(chromium, path)}")
        path = _index(folder, 1000)
        page, painted = opened(chromium, path)
        rows = page.locator("#rows .v").count()
        size = path.stat().st_size / 1e3
        print(f"| index of 1000 ({rows} drawn at once) | {size:.0f} | {painted:.2f} | |")


def _measured(chromium: Browser, path: Path) -> str:
    """Size without an embedded film, time to paint, and to pan."""
    page, painted = opened(chromium, path)
    page.wait_for_selector("[data-painted]")
    frames = page.evaluate(PAN % (FRAMES, FRAMES))
    page.close()
    size = len(re.sub(rb'src="data:video[^"]*"', b"", path.read_bytes())) / 1e3
    return f"| {size:.0f} | {painted:.2f} | {statistics.median(frames):.0f} |"


def of_pages(paths: list[Path]) -> None:
    """The figures of pages that are there."""
    with browser() as chromium:
        opened(chromium, paths[0])[0].close()
        for path in paths:
            print(f"| {path.name} {_measured(chromium, path)}")


def _written(folder: Path, seconds: int, events: int) -> Path:
    result, preview = film(seconds, events)
    path = folder / f"{seconds}.html"
    path.write_text(report_page(result, Look(preview)))
    return path


def _index(folder: Path, count: int) -> Path:
    result, preview = film(10, 3)
    with Index(folder, "films") as index:
        for number in range(count):
            index.add(number, {**entry(result, "10.html", preview), "name": f"{number}.mp4"})
    return folder / NAME


def draw(out: Path, work: Path) -> None:
    """Screenshots for the documents, of films that are drawn on the spot."""
    out.mkdir(parents=True, exist_ok=True)
    how = ["--videos", "84", "--noisy", "0", "--seed", "20261121", "--only-test", "6"]
    avel(["synth", str(work / "data"), *how])
    where = ["--truth", str(work / "data"), "--cache-dir", str(work / "cache")]
    results = work / "results"
    avel(
        ["localize", str(work / "data/AVE"), "--model", "synthetic", *where, "--out", str(results)]
    )
    pages = sorted(path for path in results.glob("*.html") if path.name != NAME)
    with browser() as chromium:
        for name, path, how_shown in (
            ("page", pages[0], {}),
            ("page-dark", pages[0], {"color_scheme": "dark"}),
            ("page-narrow", pages[0], {"size": (375, 812)}),
            ("index", results / NAME, {}),
        ):
            page, _ = opened(chromium, path, reduced_motion="reduce", **how_shown)
            if name != "index":
                page.evaluate("seek((lanes.rows.found[0]?.onset ?? 0) + 0.5)")
            page.wait_for_timeout(500)
            page.screenshot(path=out / f"{name}.png")
            page.close()
            _shrink(out / f"{name}.png")


def _shrink(path: Path) -> None:
    """200 colours are enough for a document, and a third of the bytes."""
    image = Image.open(path).convert("RGB").quantize(200, dither=Image.Dither.NONE)
    image.save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pages", nargs="*", type=Path, help="pages to measure [drawn ones]")
    parser.add_argument("--pictures", type=Path, help="draw the documents' pictures into a folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.pictures:
            draw(args.pictures, Path(folder))
        elif args.pages:
            of_pages(args.pages)
        else:
            figures(Path(folder))


if __name__ == "__main__":
    main()
