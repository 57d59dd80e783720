"""How the code is built: the figures that `benchmarks.structure` measures, and that it measures them."""

from pathlib import Path

import pytest

from benchmarks.structure import (
    Bar,
    cycles,
    docstrings,
    figures,
    floors,
    function_lengths,
    imports,
    modules_without_test,
    share_of_quantities,
    states_quantity,
)

REPOSITORY = Path(__file__).resolve().parent.parent
ENFORCED = (
    "floors of imports",
    "import cycles",
    "function length, median",
    "function length, p90",
    "function length, longest",
    "file length, p90",
    "public docstrings with unit or shape",
    "the same, where a quantity goes in or out",
    "lines of test per line of code",
    "modules of logic without a test file",
)


@pytest.fixture(scope="module")
def measured() -> dict[str, Bar]:
    return figures(REPOSITORY)


@pytest.mark.parametrize("name", ENFORCED)
def test_figures_hold(measured: dict[str, Bar], name: str) -> None:
    figure = measured[name]
    assert figure.held, f"{name} is {figure.value:g}, the bar is {figure.bar:g}"


# That the measures are right, on a small repository.

SOURCE = '''"""A module."""

from avel.pipeline import other


@decorated
def short(a):
    """Length in seconds."""
    return a


class Thing:
    def method(self):
        """Says nothing of quantities.

        In many lines.
        """

        def inner():
            return 1

        return inner

    def _hidden(self):
        """Private."""
        return 2

    def bare(self): ...
'''


@pytest.fixture
def small(tmp_path: Path) -> Path:
    for name, text in {
        "pipeline/room/thing.py": SOURCE,
        "pipeline/other.py": "def f():\n    import avel.pipeline.room.thing\n",
        "pipeline/__init__.py": "",
        "pipeline/types.py": 'class P:\n    def f(self) -> int: ...\n    def g(self):\n        """Doc."""\n',
        "cache/__init__.py": "def table(): return {}\n",
        "tests/pipeline/test_other.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_lengths_are_without_docstrings_and_decorators(small: Path) -> None:
    lengths = {k.split(":")[1]: v for k, v in function_lengths(small).items() if "thing" in k}
    assert lengths == {
        "short": 2,
        "Thing.method": 6,
        "Thing.method.inner": 2,
        "Thing._hidden": 2,
        "Thing.bare": 1,
    }


def test_public_docstrings_are_counted(small: Path) -> None:
    found = {k.split(":")[1]: v for k, v in docstrings(small).items()}
    assert found == {"short": True, "Thing.method": False, "P.g": False}


def test_units_are_asked_of_functions_with_a_number(small: Path) -> None:
    (small / "pipeline" / "numbers.py").write_text(
        'def a(x: int):\n    """In seconds."""\n'
        'def b(x: str) -> "Tensor":\n    """A thing."""\n'
        'def c(x: str):\n    """In words."""\n'
    )
    (small / "pipeline" / "types.py").unlink()
    (small / "pipeline" / "room" / "thing.py").write_text("")
    assert share_of_quantities(small) == 0.5


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("Length in seconds.", True),
        ("At most 50 ms.", True),
        ("Features (T, D) of cells.", True),
        ("Labels (N,) by row.", True),
        ("Scores (B, K + 1), background last.", True),
        ("A scalar () of the loss.", True),
        ("A share in [0, 1].", True),
        ("Mono at 44,100 Hz.", True),
        ("Whatever is written from byte 12 on.", True),
        ("The pts of a packet, in ticks.", True),
        ("A factor in [1, 100].", True),
        ("A seed in [0, 2^32).", True),
        ("Number of trained values.", True),
        ("The store and the number of rows done.", True),
        ("Says how many items are sound.", True),
        ("The next epoch, counted from 0.", True),
        ("Sha256, 64 hex digits, of a file.", True),
        ("Weights are stored in 16 bits.", True),
        ("The schedule in steps or epochs.", True),
        ("Arrays (rows, ...) of an item.", True),
        ("Rows (n, ...) of an array.", True),
        ("Distances in standard deviations.", True),
        ("Events of a video.", False),
        ("The table (CMRAN, DMIN) of names.", False),
        ("Opens a file (and closes it).", False),
        ("An example, e.g. (a, b).", False),
        ("Raises MediaError (EMPTY).", False),
        ("Pairs (number of the job, its result).", False),
        ("The number of a row.", False),
        ("Too few fit; says how many, and which do not.", False),
        ("Items of the store, in the order of rows.", False),
        ("The settings [of the config, of a run].", False),
    ],
)
def test_what_states_a_quantity(text: str, stated: bool) -> None:
    assert states_quantity(text) == stated


def test_modules_without_a_test(small: Path) -> None:
    """Declarations need none; a package's own code is tested by the package's name."""
    assert modules_without_test(small) == ["cache/__init__.py", "pipeline/room/thing.py"]
    (small / "tests" / "cache").mkdir()
    (small / "tests" / "cache" / "test_cache.py").touch()
    assert modules_without_test(small) == ["pipeline/room/thing.py"]


def test_a_functions_own_import_makes_no_cycle(small: Path) -> None:
    needs = imports(small)
    assert needs["avel.pipeline.room.thing"] == {"avel.pipeline", "avel.pipeline.other"}
    assert needs["avel.pipeline.other"] == set()
    assert cycles(needs) == []


def test_floors_and_cycles_of_a_graph() -> None:
    chain = {"a": set(), "b": {"a"}, "c": {"b", "a"}, "d": {"a"}}
    assert floors(chain) == [{"a"}, {"b", "d"}, {"c"}]
    assert cycles(chain) == []
    ring = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}
    assert cycles(ring) == ["b", "c"]
    assert len(floors(ring)) == 2


@pytest.mark.parametrize(("value", "most", "held"), [(5, True, True), (6, True, False), (5, False, True), (4, False, False)])  # fmt: skip
def test_a_bar_is_held_on_its_right_side(value: float, most: bool, held: bool) -> None:
    assert Bar(value, 5, most).held == held
