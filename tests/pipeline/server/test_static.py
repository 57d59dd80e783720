"""What pages load: whole, in an order that runs, under names that change with what is in them."""

import hashlib
import re
from importlib.resources import files

import pytest

from avel.pipeline.report.page import SCRIPTS
from avel.pipeline.server import static
from avel.pipeline.server.static import HOME_SCRIPT, STATIC, VIDEO_SCRIPT, WAITING_SCRIPT, joined

ROOMS = ("avel.pipeline.report", "avel.pipeline.server")


def test_files_are_joined_in_their_order_and_named_by_what_is_in_them() -> None:
    made = joined("a", "css", ["style.css"], ["serve.css"])
    parts = [
        (files(room) / name).read_bytes()
        for room, name in zip(ROOMS, ("style.css", "serve.css"), strict=True)
    ]
    assert made.content == b"\n".join(parts)
    assert made.name == f"a.{hashlib.sha256(made.content).hexdigest()[:12]}.css"
    assert made.kind == "text/css"
    assert made.name != joined("a", "css", ["style.css"], []).name


def test_scripts_of_the_report_are_reused_as_they_are() -> None:
    for name in SCRIPTS:
        assert (files(ROOMS[0]) / name).read_bytes() in VIDEO_SCRIPT.content


def test_every_script_and_style_of_the_room_is_in_a_page() -> None:
    content = b"\n".join(each.content for each in STATIC.values())
    for path in files(ROOMS[1]).iterdir():
        if path.name.endswith((".js", ".css")):
            assert path.read_bytes() in content, path.name


@pytest.mark.parametrize(
    "script", [HOME_SCRIPT, VIDEO_SCRIPT, WAITING_SCRIPT], ids=["home", "video", "waiting"]
)
def test_no_name_is_given_twice_in_a_page(script: static.Static) -> None:
    """All scripts of a page share one scope."""
    names = re.findall(
        r"^(?:async )?(?:function|class|const|let) (\w+)", script.content.decode(), re.M
    )
    assert sorted(names) == sorted(set(names))


def test_scripts_run_strictly_and_never_make_markup_of_text() -> None:
    for path in files(ROOMS[1]).iterdir():
        if path.name.endswith(".js"):
            text = path.read_text("utf-8")
            assert text.startswith('"use strict";'), path.name
            for wrong in (
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ):
                assert wrong not in text, (path.name, wrong)
