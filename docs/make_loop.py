"""Makes the six pictures of docs/loop.md: films are dropped, corrected, taught, looked at again.

    python -m docs.make_loop [docs/pictures]

Four drawn films of two events are dropped on a server of their own, in a folder that is thrown
away. One film of each event is corrected; what the answers to the other two become, is seen. Needs
chromium, the extras `dev` and `serve`, and the weights of the everyday model (`avel weights fetch`,
or `AVEL_WEIGHTS_DIR`). Takes about a minute.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from avel.pipeline.synth.film import film
from avel.pipeline.synth.script import SynthConfig, annotated_scripts, class_names
from tests.browser import ARGUMENTS, executable

PICTURES = Path(__file__).resolve().parent / "pictures"
CONFIG = SynthConfig(num_videos=84, noisy_share=0, seed=20261121)
CROSS, DISC = "Striped cross, warbling", "Dotted disc, ticking"
WAIT = 120_000
"""Milliseconds for what a model does."""


Span = tuple[int, int]


def draw(folder: Path) -> dict[str, tuple[Path, Span]]:
    """Two films of each event, by their names, and where the event is in them, in seconds."""
    names, scripts = class_names(), annotated_scripts(CONFIG)
    drawn = {}
    for label, name in ((CROSS, "cross"), (DISC, "disc")):
        of = [s for s in scripts if names[s.rows[0][0]] == label and s.rows[0][1:] != (0, 10)]
        of = of[::-1] if label == CROSS else of  # where something else is found comes first
        for number, script in enumerate(of[:2], 1):
            path = film(script, folder / f"{script.video_id}.mp4", CONFIG.style, CONFIG.timbre)
            called = f"{name} {number}"
            drawn[called] = path.rename(folder / f"{called}.mp4"), script.rows[0][1:]
    return drawn


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address of a server, until the block ends."""
    where = ["--folder", str(folder / "served"), "--cache-dir", str(folder / "cache")]
    command = [sys.executable, "-m", "avel.pipeline", "serve", "--port", "0", "--no-open", *where]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    said = ""
    try:
        for line in process.stdout:
            said += line
            if found := re.search(r"http://\S+", line):
                yield found[0]
                break
        else:
            raise SystemExit(said)
    finally:
        process.terminate()
        process.wait()


def walk(page: Page, films: dict[str, tuple[Path, Span]], out: Path) -> None:
    """Through the loop; a picture at each of six steps."""
    home(page)
    shoot(page, out / "loop-1-drop.png")
    page.set_input_files("#files", [path for path, _ in films.values()])
    page.wait_for_selector("text=/(Watching|Taking in|Finding)/", timeout=WAIT)
    shoot(page, out / "loop-2-watch.png")
    page.wait_for_function("() => document.querySelectorAll('.is-done').length === 4", timeout=WAIT)
    correct(page, "disc 1", "Ticking disc", films["disc 1"][1])
    page.click("#save")
    page.wait_for_selector("#teach:not([disabled])")
    home(page)
    choose(page, "cross 1")
    shoot(page, out / "loop-3-found.png")
    home(page)
    correct(page, "cross 1", "Warbling cross", films["cross 1"][1])
    shoot(page, out / "loop-4-correct.png")
    page.click("#save")
    page.wait_for_selector("#teach:not([disabled])")
    shoot(page, out / "loop-5-teach.png")
    page.click("#teach")
    page.wait_for_selector("#changed:not([hidden])", timeout=WAIT)
    home(page)
    page.wait_for_selector("#taught >> text=another answer now", timeout=WAIT)
    page.wait_for_timeout(500)
    shoot(page, out / "loop-6-changed.png")
    print(*page.locator(".turned").all_inner_texts(), sep="\n")


def home(page: Page) -> None:
    """The list of films."""
    page.goto("/")
    page.wait_for_selector("[data-ready]")
    page.wait_for_timeout(300)


def choose(page: Page, name: str) -> None:
    """Open a film, and choose its first event; there may be none yet."""
    page.click(f"#rows >> text={name}.mp4")
    page.wait_for_selector("[data-painted]")
    if page.locator("#rows button.e").count():
        page.click("#rows button.e >> nth=0")
    else:
        page.keyboard.press("e")
    page.wait_for_timeout(500)


def correct(page: Page, name: str, label: str, event: Span) -> None:
    """Say what is in a film, and from which second to which."""
    choose(page, name)
    page.fill("#label", label)
    page.keyboard.press("Enter")
    for side, seconds in zip(("onset", "offset"), event, strict=True):
        page.fill(f"#{side}At", str(seconds))
        page.keyboard.press("Enter")
    page.evaluate("document.activeElement.blur()")
    page.evaluate(f"seek({event[0]} + 0.5)")
    page.wait_for_timeout(500)


def shoot(page: Page, path: Path) -> None:
    """A picture of the window; 128 colours are enough, and a third of the bytes."""
    page.screenshot(path=path)
    image = Image.open(path).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    image.save(path, optimize=True)


def main(out: Path) -> None:
    """Make the pictures."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        films = draw(Path(name))
        chromium = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        with server(Path(name)) as address:
            page = chromium.new_page(
                base_url=address,
                viewport={"width": 1100, "height": 820},
                color_scheme="light",
                reduced_motion="reduce",
            )
            walk(page, films, out)
        chromium.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
