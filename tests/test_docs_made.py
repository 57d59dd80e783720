"""What `make docs` makes: the notebook of the tour as it is kept, and the reference."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def kept() -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((DOCS / "tour.ipynb").read_text())["cells"]
    return found


def test_the_notebook_is_of_the_page(kept: list[dict[str, object]]) -> None:
    """Cell by cell: who changes the page runs `make docs`."""
    made = script("make_tour").cells((DOCS / "tour.md").read_text())
    assert [(cell.cell_type, cell.source) for cell in made] == [
        (cell["cell_type"], "".join(cell["source"])) for cell in kept  # type: ignore[arg-type]
    ]  # fmt: skip
    assert sum(cell.cell_type == "code" for cell in made) >= 6


def test_the_notebook_was_run(kept: list[dict[str, object]]) -> None:
    """In order, every cell with something to show, none with an error."""
    code = [cell for cell in kept if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        kinds = [output["output_type"] for output in cell["outputs"]]  # type: ignore[attr-defined]
        assert kinds
        assert "error" not in kinds


def test_the_notebook_is_small_and_knows_no_machine() -> None:
    text = (DOCS / "tour.ipynb").read_text()
    assert len(text) < 100_000
    assert not re.search(r"(?<![\w<])/(tmp|home|root|work|usr|var)\b", text)


def test_cells_are_cut_at_the_blocks() -> None:
    cells = script("make_tour").cells("# A\n\n```python\nx = 1\n```\n\nb\n\n```\nno code\n```\n")
    assert [(c.cell_type, c.source) for c in cells] == [
        ("markdown", "# A"), ("code", "x = 1"), ("markdown", "b\n\n```\nno code\n```"),
    ]  # fmt: skip
    assert [cell.id for cell in cells] == ["cell-0", "cell-1", "cell-2"]


def test_the_reference_is_of_modules_that_are_there() -> None:
    public = script("make_reference").PUBLIC
    assert len({*public}) == len(public)
    for name in public:
        assert importlib.util.find_spec(name), name


def test_the_reference_has_every_public_name() -> None:
    import avel

    public = script("make_reference").PUBLIC
    for name in avel.__all__:
        home = getattr(getattr(avel, name), "__module__", "avel")
        assert home in public, f"{name} is of {home}"


@pytest.mark.slow
def test_the_reference_is_made_without_a_warning(tmp_path: Path) -> None:
    made = [sys.executable, str(DOCS / "make_reference.py"), str(tmp_path)]
    done = subprocess.run(made, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    page = (tmp_path / "avel.html").read_text()
    assert 'id="localize"' in page
    assert (tmp_path / "index.html").is_file()


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path) -> None:
    """All cells, to what is kept but for numbers of another machine's rounding."""
    target = tmp_path / "tour.ipynb"
    made = [sys.executable, str(DOCS / "make_tour.py"), str(target)]
    subprocess.run(made, capture_output=True, text=True, check=True)
    first = json.loads(target.read_text())["cells"][1]["outputs"][0]["text"]
    assert "Plain disc, hissing" in "".join(first)
