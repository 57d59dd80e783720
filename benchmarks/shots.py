"""Every kind of page as a reader sees it: both themes, a desk's width and a phone's.

    python -m benchmarks.shots OUT                      # of drawn films, and of one of two hours
    python -m benchmarks.shots OUT results/ more.html   # and of these pages or their folders

What is photographed is made once, in OUT/made: delete that to make it again. Needs chromium.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page

from avel.pipeline.cli import main as avel
from avel.pipeline.report.page import Look, report_page
from benchmarks.pages import browser, film, opened

WIDTHS = {"wide": (1280, 900), "narrow": (375, 812)}
THEMES = ("light", "dark")
HIGHEST = 3_000
"""Of a picture, in pixels: of a longer page its beginning."""
TABLE = """base: dmsf
seeds: [0, 1]
settings: {train.epochs: 4, train.warmup_epochs: 1, train.batch_size: 8}
rows:
  full: {}
  no gate: {options.gate: false}
  no attention: {options.attention: false}
  no Mamba: {options.mamba: false}
"""


def make(folder: Path) -> list[Path]:
    """Pages of every kind, of drawn films; those that are there already stay."""
    data, cache = folder / "data", ["--cache-dir", str(folder / "cache")]
    results, study, batch = folder / "results", folder / "study", folder / "batch"
    if not (results / "index.html").is_file():
        films = ["--videos", "84", "--noisy", "0", "--seed", "20261121"]
        avel(["synth", str(data), *films])
        avel(["extract", str(data), *cache, "--report", str(batch)])
        chosen = sorted(map(str, (data / "AVE").glob("*.mp4")))[:12]
        how = ["--model", "synthetic", *cache, "--truth", str(data), "--attention"]
        avel(["localize", *chosen, *how, "--out", str(results)])
    if not (study / "ablation.html").is_file():
        folder.joinpath("table.yaml").write_text(TABLE)
        table = ["--config", str(folder / "table.yaml"), "--out", str(study)]
        avel(["ablate", "--data", str(data), *cache, *table])
    first, second = study / "full-seed0", study / "no_attention-seed0"
    avel(["report", str(first)])
    avel(["evaluate", "--data", str(data), *cache, "--out", str(folder / "evaluation")])
    avel(["compare", str(first), str(second), "--out", str(folder)])
    avel(["report", str(batch)])
    long = folder / "two-hours.html"
    result, preview = film(7_200, 3_000)
    long.write_text(report_page(result, Look(preview)))
    pages = [folder / "evaluation/report.html", first / "report.html", folder / "compare.html"]
    return [*pages, study / "ablation.html", batch / "index.html", long, *of_folder(results, 2)]


def of_folder(folder: Path, most: int = 1 << 20) -> list[Path]:
    """The index of a folder and so many of its pages."""
    pages = sorted(path for path in folder.glob("*.html") if path.name != "index.html")
    index = folder / "index.html"
    return [*([index] if index.is_file() else []), *pages[:most]]


def shoot(browser: Browser, path: Path, out: Path) -> None:
    """A page's four pictures, named after its folder and itself."""
    name = f"{path.resolve().parent.name}-{path.name.removesuffix('.html')}"
    for width, size in WIDTHS.items():
        for theme in THEMES:
            page, _ = opened(browser, path, size=size, color_scheme=theme, reduced_motion="reduce")
            _settle(page)
            high = int(page.evaluate("document.documentElement.scrollHeight"))
            clip = {"x": 0, "y": 0, "width": size[0], "height": min(HIGHEST, max(size[1], high))}
            page.screenshot(path=out / f"{name}.{width}.{theme}.png", full_page=True, clip=clip)
            page.close()


def _settle(page: Page) -> None:
    """A film at its first event, if there is any."""
    page.evaluate(
        "typeof lanes === 'undefined' ? 0 : seek((lanes.rows.found[0]?.onset ?? 0) + 0.5)"
    )
    page.wait_for_timeout(400)


def pages_of(given: Sequence[Path]) -> Iterator[Path]:
    for path in given:
        yield from of_folder(path) if path.is_dir() else [path]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--no-made", action="store_true", help="the given pages alone")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    made = [] if args.no_made else make(args.out / "made")
    with browser() as chromium:
        for path in [*made, *pages_of(args.pages)]:
            shoot(chromium, path, args.out)
            print(path)


if __name__ == "__main__":
    main()
