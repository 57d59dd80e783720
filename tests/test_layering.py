"""Who may import whom (docs/architecture.md draws it), checked on the source."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from benchmarks import structure
from benchmarks.structure import PACKAGES, cycles, floors, imports, parsed

REPOSITORY = Path(__file__).resolve().parent.parent
FLOORS: tuple[tuple[str, ...], ...] = (
    ("reasons",),
    ("media", "work"),
    ("method",),
    ("formats",),
    ("datasets",),
    ("synth", "evaluation", "batch"),
    ("learning",),
    ("studies", "exchange", "annotations"),
    ("report",),
    ("server",),
    ("commands",),
    ("cli",),
    ("__main__",),
)
"""Rooms of `pipeline/`, low to high; those of one floor do not know each other."""
LOOSE = {"__init__.py", "__main__.py", "cli.py", "reasons.py", "py.typed"}
LIBRARIES = {  # library -> where alone it may be imported
    "av": ("pipeline/media/",),
    "h5py": ("cache/",),
    "yaml": ("configs/load.py", "configs/events.py"),
}
MOST_FLOORS = 15
SLOW_TOWERS = ("vision/openclip", "vision/text", "vision/vgg19")


def sources() -> list[Path]:
    return structure.sources(REPOSITORY)


@cache
def all_imports(path: Path) -> tuple[str, ...]:
    """Every module that a file imports anywhere."""
    return tuple(imported(parsed(path)))


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def module_of(path: Path) -> str:
    return structure.module_of(path, REPOSITORY)


def imported(tree: ast.AST) -> Iterator[str]:
    """Modules that a tree imports anywhere, in functions and for type checkers too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from imported(node)


def floor_of(module: str) -> int | None:
    """Floor of a module of the pipeline; None for others."""
    parts = module.split(".")
    if parts[:2] != ["avel", "pipeline"] or len(parts) < 3:
        return None
    return next(number for number, floor in enumerate(FLOORS) if parts[2] in floor)


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_imports(path: Path) -> None:
    name, package = name_of(path), path.relative_to(REPOSITORY).parts[0]
    for module in all_imports(path):
        parts = module.split(".")
        if parts[0] == "avel" and len(parts) > 1 and package in PACKAGES[2:]:
            assert parts[1] == package, f"{name} imports {module}: leaves import only themselves"
        places = LIBRARIES.get(parts[0], ("",))
        assert name.startswith(places), f"{name} imports {parts[0]}"


@pytest.mark.parametrize(
    "path", [p for p in sources() if name_of(p).startswith("pipeline/")], ids=name_of
)
def test_a_room_imports_only_rooms_before_it(path: Path) -> None:
    own = module_of(path)
    if own == "avel.pipeline":
        return
    room, floor = own.split(".")[2], floor_of(own)
    for module in all_imports(path):
        other = floor_of(module)
        if other is not None and module.split(".")[2] != room:
            assert floor is not None
            assert other < floor, f"{name_of(path)} imports {module}"


def test_files_are_decoded_in_children_only() -> None:
    """Whoever cut a file in its own process would go down with it."""
    inner = {"segment", "decode", "container", "video", "audio", "track", "child"}
    inner |= {"preview", "proxy", "cut", "copy", "probe", "streams", "tasks"}
    names = {f"avel.pipeline.media.{name}" for name in inner}
    for path in sources():
        if not name_of(path).startswith("pipeline/media/"):
            assert not names & set(all_imports(path)), name_of(path)
    from_here = [p for p in sources() if "avel.pipeline.media.child" in all_imports(p)]
    assert [name_of(path) for path in from_here] == ["pipeline/media/forkserver.py"]


def test_only_what_needs_them_imports_slow_libraries() -> None:
    """torchvision loads the whole of torch's compiler, open_clip that and timm: 2 s of each start."""
    slow = {"open_clip", "timm", "torchvision", "transformers"}
    roots = {path: {module.split(".")[0] for module in all_imports(path)} for path in sources()}
    found = {name_of(path) for path, modules in roots.items() if modules & slow}
    own = {f"extractors/{name}.py" for name in ("tokens", *SLOW_TOWERS)}
    assert found == own | {"pipeline/learning/pretrain.py"}


def test_nothing_else_lies_loose() -> None:
    found = {path.name for path in (REPOSITORY / "pipeline").iterdir() if path.is_file()}
    assert found <= LOOSE


def test_no_cycles_and_few_floors() -> None:
    needs = imports(REPOSITORY)
    assert not cycles(needs)
    found = floors(needs)
    assert len(found) <= MOST_FLOORS, [sorted(floor) for floor in found[MOST_FLOORS:]]


def test_every_module_that_is_imported_exists() -> None:
    """A function's own import is not seen by importing its file."""
    modules = {module_of(path): path for path in sources()}
    for path in sources():
        for module in all_imports(path):
            if not module.startswith("avel."):
                continue
            parent, _, last = module.rpartition(".")
            there = module in modules or parent in modules
            if parent in modules and module not in modules:
                there = last in _names(modules[parent])
            assert there, f"{name_of(path)} imports {module}"


@cache
def _names(path: Path) -> set[str]:
    tree = parsed(path)
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def test_nothing_shadows_the_package() -> None:
    assert not (REPOSITORY / "avel").exists()


def test_torch_loads_only_weights() -> None:
    for path in sources():
        tree = parsed(path)
        assert "pickle" not in all_imports(path), path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                flags = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert flags.get("weights_only") == "True", path
