"""How soon the pages of `avel serve` can be used, and how long a frame of correcting takes.

    python -m benchmarks.serve_pages

Needs chromium (`apt-get install chromium`) and the extras `dev` and `serve`. A server runs in this process; what it
finds is made up, so that no model is waited for. A page can be used when its scripts have run and its state is
drawn (`data-ready`). Takes about 20 s.
"""

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.pages import browser
from tests.pipeline.report.material import played
from tests.pipeline.server.desk import Desk, desk

FILMS = 1_000
TIMES = 5
DRAG = """async () => {
  const row = lanes.rows.found[Math.floor(lanes.rows.found.length / 2)];
  show(row.onset - 5, row.offset + 5);
  focusOn(idOf(row));
  const times = [];
  for (let n = 0; n < 30; n++) {
    const began = performance.now();
    moveEnd(chosen, 'offset', row.offset + (n + 1) * 0.1, false, 'drag');
    refreshLanes();
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    times.push((performance.now() - began) / 2);
  }
  const began = performance.now();
  refresh();
  return [times, performance.now() - began];
}"""


def ready(chromium: Browser, address: str) -> tuple[float, list[float] | None]:
    """Milliseconds until a page can be used; those of a frame while an end is dragged."""
    times, drag = [], None
    for _ in range(TIMES):
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.wait_for_selector("[data-ready]")
        times.append(float(page.evaluate("Number(document.documentElement.dataset.ready)")))
        if "/videos/" in address and drag is None:
            page.wait_for_selector("[data-painted]")
            frames, whole = page.evaluate(DRAG)
            drag = [statistics.median(frames), whole]
        page.close(run_before_unload=False)
    return statistics.median(times), drag


def fill(server: Desk, film: Path) -> None:
    """Many films, as many as are kept at most."""
    for number in range(FILMS - 2):
        place = server.site.folder.media(f"{number:032x}", ".mp4")
        place.parent.mkdir()
        place.hardlink_to(film)
    with server.site.database.writing() as write:
        columns = [row["name"] for row in write.execute("PRAGMA table_info(videos)")]
        others = ", ".join(name for name in columns if name not in ("id", "name"))
        for number in range(FILMS - 2):
            write.execute(
                f"INSERT INTO videos (id, name, {others}) SELECT ?, ?, {others} FROM videos "
                "WHERE name = 'short.mp4'",
                (f"{number:032x}", f"film {number}.mp4"),
            )


def main() -> None:
    with tempfile.TemporaryDirectory() as name, desk(Path(name)) as server, browser() as chromium:
        film = played(Path(name) / "film.mp4", 4)
        short, long = server.add(film, "short.mp4"), server.add(film, "long.mp4")
        print("| page | usable, ms | a frame while an end is dragged, ms | after the drop, ms |")
        print("|---|---|---|---|")
        for said, path in (
            ("list of 2 films", "/"),
            ("film of 4 s, 2 events", f"/videos/{short}"),
            ("film of 2 h, 2,999 events", f"/videos/{long}"),
        ):
            tell(said, *ready(chromium, server.address + path))
        fill(server, film)
        tell(f"list of {FILMS:,} films", *ready(chromium, server.address + "/"))


def tell(said: str, usable: float, drag: list[float] | None) -> None:
    frame, whole = (f"{each:.0f}" for each in drag) if drag else ("", "")
    print(f"| {said} | {usable:.0f} | {frame} | {whole} |", flush=True)


if __name__ == "__main__":
    main()
