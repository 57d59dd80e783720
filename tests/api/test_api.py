"""`import avel` costs next to nothing, and every name it offers is there, with its type."""

import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

import avel

REPOSITORY = Path(__file__).resolve().parents[2]
COUNTED = """
import sys
before = set(sys.modules)
import avel
print(*sorted(set(sys.modules) - before))
"""


def test_importing_loads_nothing_but_itself() -> None:
    """Not one module of Python's own either: its time is that of reading one small file."""
    argv = [sys.executable, "-c", COUNTED]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["avel"]


def test_the_functions_load_no_torch() -> None:
    """A wrong argument is named without the seconds that torch, libav or Lightning take."""
    code = (
        "import sys, avel\n"
        "try: avel.localize('https://example.org/v.mp4')\n"
        "except ValueError as err: print(err)\n"
        "slow = {'torch', 'av', 'lightning', 'pandas', 'matplotlib', 'yaml', 'jinja2'}\n"
        "print(sorted(slow & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said, loaded = done.stdout.splitlines()
    assert "only local files are read" in said
    assert loaded == "[]"


@pytest.mark.parametrize("name", avel.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(avel, name) is not None


def test_names_are_those_of_the_places_that_own_them() -> None:
    from avel.functions import localize
    from avel.pipeline.method.events import Event
    from avel.result import Result

    assert avel.localize is localize
    assert avel.Result is Result
    assert avel.Event is Event


def test_a_name_is_looked_up_once() -> None:
    assert avel.Event is not None
    assert "Event" in vars(avel)


def test_dir_lists_what_there_is() -> None:
    assert dir(avel) == sorted(avel.__all__)
    assert {"localize", "extract", "train", "evaluate", "open_model"} < set(dir(avel))


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="module 'avel' has no attribute 'localise'"):
        avel.localise  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(avel, "_nothing")
    with pytest.raises(ImportError, match="cannot import name 'localise'"):
        from avel import localise  # type: ignore[attr-defined]  # noqa: F401


def test_the_version_is_that_of_the_package() -> None:
    setup = ConfigParser()
    setup.read(REPOSITORY / "setup.cfg")
    assert avel.__version__ == setup["metadata"]["version"]
