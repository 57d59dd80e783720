"""Templates: what is put in is text, what is ours is not, what is missing is an error."""

import base64
import hashlib
from importlib.resources import files

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from avel.pipeline.report import template
from avel.pipeline.report.template import Assets, render
from tests.pipeline.report.material import EVIL

OURS = Markup("<ours>")
VALUES = {
    **{"title": "t", "header": ["a"], "rows": [["b"]], "notes": [], "forests": []},
    **{"style": OURS, "script": OURS, "policy": ""},
}


def test_values_are_escaped_and_assets_are_not() -> None:
    page = render("table.html.j2", **{**VALUES, "title": EVIL})
    assert page.count("<script>") == 1
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; &amp; &#39;x&#39;" in page
    assert page.count("<ours>") == 2
    style = (files("avel.pipeline.report") / "style.css").read_text()
    assert style in Assets(["style.css"], []).style


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'rows' is undefined"):
        render("table.html.j2", **{name: v for name, v in VALUES.items() if name != "rows"})


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Female speech, woman spea", "Female speech, woman spea"),
        ("Female speech, woman speaking", "Female speech, woman spea…"),
        ("abcdefghijklmnopqrstuvw, xyz", "abcdefghijklmnopqrstuvw…"),
    ],
)
def test_names_in_drawings_are_short(name: str, shown: str) -> None:
    assert template.short(name) == shown


def test_every_template_is_in_the_package_and_reads() -> None:
    names = [path.name for path in files("avel.pipeline.report").iterdir() if ".j2" in path.name]
    assert set(names) >= {"page.html.j2", "index.html.j2", "table.html.j2"}
    for name in names:
        template._environment().get_template(name)


def test_the_environment_is_made_once_and_escapes_by_itself() -> None:
    environment = template._environment()
    assert environment is template._environment()
    assert environment.from_string("{{ x }}").render(x="<") == "&lt;"
    assert environment.from_string("{{ x }}").render(x=Markup("<")) == "<"


def test_no_page_is_put_together_by_hand() -> None:
    """Tags in a Python string would not be escaped."""
    room = files("avel.pipeline.report")
    for path in room.iterdir():
        if path.name.endswith(".py"):
            text = path.read_text("utf-8")
            assert "</" not in text, path.name
            assert not any(tag in text for tag in ("<p", "<td", "<rect", "<html")), path.name


def test_the_policy_names_what_is_in_the_page() -> None:
    assets = Assets(["style.css"], ["looks.js", "times.js"])
    digest = hashlib.sha256(str(assets.script).encode()).digest()
    assert f"script-src 'sha256-{base64.b64encode(digest).decode()}'" in assets.policy()
    assert "default-src 'none'" in assets.policy()
    assert "media-src 'none'" in assets.policy()
    assert "media-src data:" in assets.policy("data:")
    assert assets.text("<b>") == Markup("<b>")
