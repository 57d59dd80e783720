"""A real browser for tests of pages: Debian's chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
REMEDY = "no browser for the tests of pages: apt-get install chromium"
ARGUMENTS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]


def executable() -> str | None:
    """The system's own browser; Playwright downloads none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def launched() -> Iterator[Browser]:
    """One browser for a module; without one the tests are skipped, or fail where CI promised it."""
    path = executable()
    if path is None:
        if os.environ.get("CI") or os.environ.get("FAIL_WITHOUT_SHARED") == "1":
            pytest.fail(REMEDY, pytrace=False)
        pytest.skip(REMEDY)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def faults(page: Page) -> list[str]:
    """What axe-core finds wrong for people who cannot see or point well: rule and elements."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text("utf-8") + "; 0")
    found = page.evaluate("axe.run({resultTypes: ['violations'], preload: false})")["violations"]
    return [f"{v['id']}: {[n['html'][:120] for n in v['nodes'][:3]]}" for v in found]
