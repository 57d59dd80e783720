"""Pages from the templates beside: every value is escaped, a value missing is an error."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

MOST_LETTERS = 26
"""Of a name that is written in a drawing."""


def render(name: str, *, package: str = __package__, **values: Any) -> str:
    """The text of a template with its values.

    Args:
        name: Of the template.
        package: Where it is; what is not there is one of this room.
        **values: That it asks for.

    Raises:
        UndefinedError: the template asks for a value that was not given.
    """
    return _environment(package).get_template(name).render(values)


class Assets:
    """Styles and scripts of our own, put into a page as they are, and the policy that names them.

    No other style or script can run there, whatever a name of a file or an event says.
    """

    def __init__(self, styles: Sequence[str], scripts: Sequence[str]) -> None:
        self.style, self.script = _joined(tuple(styles)), _joined(tuple(scripts))

    def policy(self, media: str = "'none'") -> str:
        """The page's content security policy."""
        return (
            f"default-src 'none'; img-src data:; media-src {media}; "
            f"style-src '{_digest(self.style)}'; script-src '{_digest(self.script)}'; "
            "base-uri 'none'; form-action 'none'"
        )

    @staticmethod
    def text(safe: str) -> Markup:
        """Text that is escaped already for where it stands."""
        return Markup(safe)


@cache
def _joined(names: tuple[str, ...]) -> Markup:
    texts = [(files(__package__) / name).read_text("utf-8") for name in names]
    return Markup("\n".join(texts))


@cache
def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment(package: str = __package__) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(each, ".") for each in (package, __package__)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["short"] = short
    return environment


def short(name: str) -> str:
    """As much of a name as has room beside a drawing."""
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1].rstrip(' ,')}…"
