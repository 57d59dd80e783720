"""Who may import whom (CONTRIBUTING draws it), checked on the source."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = ("pipeline", "extractors", "models", "cache", "configs")
MEDIA = {
    f"pipeline/media/{n}.py" for n in ("container", "track", "video", "audio", "scaler", "writer")
}
LIBRARIES = {  # library -> where alone it may be imported
    "av": {
        "pipeline/decode.py",
        *MEDIA,
        "pipeline/commands/doctor.py",
    },
    "h5py": {"cache/shard.py", "cache/ave_h5.py", "cache/keras_h5.py"},
    "yaml": {"configs/load.py"},
}


def sources() -> list[Path]:
    return sorted(path for room in ROOMS for path in (REPOSITORY / room).rglob("*.py"))


def imported(tree: ast.AST) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            names.append(node.module or "")
    return names


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_imports(path: Path) -> None:
    name = str(path.relative_to(REPOSITORY))
    room = path.relative_to(REPOSITORY).parts[0]
    for module in imported(ast.parse(path.read_text())):
        parts = module.split(".")
        if parts[0] == "avel" and room != "pipeline":
            assert parts[1] == room, f"{name} imports {module}: leaves import only themselves"
        if parts[0] in LIBRARIES:
            assert name in LIBRARIES[parts[0]], f"{name} imports {parts[0]}"


def test_no_cycles_inside_the_pipeline() -> None:
    graph = {}
    for path in sorted((REPOSITORY / "pipeline").rglob("*.py")):
        own = "avel." + ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
        tree = ast.parse(path.read_text())
        top = ast.Module(
            [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], []
        )
        graph[own] = {m for m in imported(top) if m.startswith("avel.pipeline.")}
    while graph:
        free = [name for name, needs in graph.items() if not needs & graph.keys()]
        assert free, f"a cycle among {sorted(graph)}"
        for name in free:
            del graph[name]


def test_nothing_shadows_the_package() -> None:
    assert not (REPOSITORY / "avel").exists()


def test_torch_loads_only_weights() -> None:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                flags = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert flags.get("weights_only") == "True", path
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "pickle" not in imported(ast.Module([node], [])), path
