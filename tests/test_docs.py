"""What the documents say: the examples run, links and paths lead somewhere, names exist."""

import ast
import doctest
import os
import re
import shutil
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest

from avel.arguments import HowToTrain
from avel.pipeline.cli import COMMANDS, ENVIRONMENT, OK, SOME_FAILED, UNEXPECTED, USAGE
from avel.pipeline.method.decoders import DECODERS
from avel.pipeline.reasons import Reason
from benchmarks.structure import PACKAGES
from tests.test_layering import FLOORS

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").glob("*.md")]
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(rf"(?:{'|'.join([*PACKAGES, 'tests', 'benchmarks', 'docs'])})/[\w./-]*")
ARCHITECTURE = REPOSITORY / "docs" / "architecture.md"


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text()):
        if "://" not in target and not target.startswith("#"):
            there = document.parent / target.partition("#")[0]
            assert there.exists(), f"{name_of(document)} links {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_paths_that_are_named_exist(document: Path) -> None:
    """In code marks: files and folders of the packages, the tests, the benchmarks."""
    for code in CODE.findall(document.read_text()):
        if PATH.fullmatch(code):
            assert (REPOSITORY / code).exists(), f"{name_of(document)} names {code}"


def test_every_document_is_found_from_the_readme() -> None:
    """By links, from one to the next."""
    seen: set[Path] = set()
    todo = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"]
    while todo:
        document = todo.pop()
        seen.add(document)
        found = (document.parent / t.partition("#")[0] for t in LINK.findall(document.read_text()))
        todo += [p.resolve() for p in found if p.suffix == ".md" and p.resolve() not in seen]
    assert {name_of(path) for path in seen} == {name_of(path) for path in DOCUMENTS}


def test_the_rooms_are_drawn_as_they_are() -> None:
    """In the picture, and with a line each."""
    text = ARCHITECTURE.read_text()
    drawn = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)[1]
    rooms = [
        room for floor in FLOORS for room in floor if (REPOSITORY / "pipeline" / room).is_dir()
    ]
    order = {room: number for number, floor in enumerate(FLOORS) for room in floor}
    for room in rooms:
        assert re.search(rf"\b{room}\b", drawn), room
        assert f"\n| `pipeline/{room}/` |" in text, room
    for line in drawn.splitlines()[1:]:
        groups = [group.strip().split(" & ") for group in line.split(" --> ")]
        for lower, upper in pairwise({order[room] for room in group} for group in groups):
            assert max(lower) < min(upper), line


def test_functions_stand_in_the_files_that_are_named_with_them() -> None:
    """Rows of the journey: every name is defined in one of the row's files."""
    text = ARCHITECTURE.read_text()
    rows = [line.split(" | ") for line in text.splitlines() if line.count(" | ") == 3]
    steps = [row for row in rows if ".py`" in row[2]]
    assert len(steps) >= 12
    for row in steps:
        files = [REPOSITORY / code for code in CODE.findall(row[2])]
        defined = {name for file in files for name in _defined(file)}
        for name in CODE.findall(row[1]):
            assert name in defined, f"{name} is not in {row[2]}"


def _defined(file: Path) -> set[str]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, kinds)}


def test_examples_of_the_python_page(
    synth: Path, warm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each prints what stands there; the videos lie where the page says."""
    films = sorted((synth / "AVE").glob("*.mp4"))
    (tmp_path / "clips").mkdir()
    for name, film in (("my.mp4", films[0]), ("clips/a.mp4", films[1]), ("clips/b.mp4", films[2])):
        shutil.copyfile(film, tmp_path / name)
    os.symlink(synth, tmp_path / "dataset")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AVEL_CACHE_DIR", str(warm))
    page = str(REPOSITORY / "docs" / "python.md")
    failed, tried = doctest.testfile(page, module_relative=False)
    assert tried >= 15
    assert failed == 0


def test_every_example_of_the_python_page_is_run() -> None:
    """A block without prompts would be looked at by nobody."""
    blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / "docs/python.md").read_text(), re.S)
    assert blocks
    for block in blocks:
        assert block.startswith(">>> "), block
        assert block.endswith("\n\n"), "doctest takes the fence for output without an empty line"


def test_every_reason_and_decoder_is_in_the_schema() -> None:
    text = (REPOSITORY / "docs" / "results.md").read_text()
    for word in (*Reason, *DECODERS):
        assert re.search(rf"\b{word}\b", text), word


def test_every_way_to_work_is_on_the_python_page() -> None:
    """Arguments of the functions, and the errors by their places."""
    text = (REPOSITORY / "docs" / "python.md").read_text()
    for name in HowToTrain.__annotations__:
        assert f"`{name}`" in text, name
    for place in re.findall(r"\| `(avel[\w.]+)` ", text):
        module, _, name = place.rpartition(".")
        assert issubclass(getattr(import_module(module), name), Exception)


def test_every_command_and_exit_code_is_explained() -> None:
    text = (REPOSITORY / "README.md").read_text()
    documents = "".join(path.read_text() for path in DOCUMENTS)
    for name in COMMANDS:
        assert f"avel {name}" in documents, name
    for code in (OK, UNEXPECTED, USAGE, SOME_FAILED, ENVIRONMENT):
        assert f"\n| {code} | " in text


def test_the_table_of_formats_is_that_of_the_code() -> None:
    from avel.pipeline.formats.choice import NAMES
    from avel.pipeline.formats.table import described

    text = (REPOSITORY / "docs" / "formats.md").read_text()
    assert f"\n{described()}\n" in text, "write `described()` of pipeline/formats/table.py there"
    for name in NAMES:
        assert f"\n| `{name}` |" in text


def test_the_labelling_interface_has_the_names_of_the_tasks() -> None:
    from avel.pipeline.formats import labelstudio

    text = (REPOSITORY / "docs" / "formats.md").read_text()
    assert f'<Labels name="{labelstudio.LABELS}" toName="{labelstudio.SOUND}">' in text
    assert f'<Audio name="{labelstudio.SOUND}" value="${labelstudio.VIDEO}"' in text


@pytest.mark.parametrize("page", ["clips.md", "corrections.md"])
def test_commands_of_a_page_are_understood(page: str) -> None:
    """Every line parses as it stands there."""
    from avel.pipeline.cli import _parser

    block = re.search(r"```\n(avel .*?)```", (REPOSITORY / "docs" / page).read_text(), re.S)
    assert block
    for line in block[1].splitlines():
        words = line.partition("#")[0].split()[1:]
        args = _parser(words[0]).parse_args(words)
        assert callable(args.run)
        assert args.out is not None or page != "clips.md"
