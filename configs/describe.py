"""What the keys of a config mean, read from the source of its dataclass.

A class whose file loads torch is read without importing it.
"""

import ast
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, make_dataclass
from pathlib import Path
from typing import Any, Literal, get_type_hints

TYPES = {"Literal": Literal, "Sequence": Sequence, "Any": Any}
"""Names that annotations of configs use beside Python's own."""


@dataclass(frozen=True)
class Key:
    """One setting.

    Attributes:
        name: With its sections, as in `train.epochs`.
        value: In the config that is described.
        default: Where nothing is said; `MISSING` where something must be.
        kind: Its type, as written in the source.
        meaning: One or more sentences, with the unit.
    """

    name: str
    value: Any
    default: Any
    kind: str
    meaning: str


def keys(config: Any, prefix: str = "") -> Iterator[Key]:
    """Every key of a config, those of its sections in their places."""
    kind = type(config)
    types, said = get_type_hints(kind), written(kind)
    for each in fields(kind):
        value = getattr(config, each.name)
        if is_dataclass(types[each.name]):
            yield from keys(value, f"{prefix}{each.name}.")
            continue
        known = said.get(each.name, Written("", None, ""))
        yield Key(f"{prefix}{each.name}", value, _default(each), known.kind, known.meaning)


def _default(each: Any) -> Any:
    return each.default if each.default_factory is MISSING else each.default_factory()


@dataclass(frozen=True)
class Written:
    """One field as its source has it.

    Attributes:
        kind: Its annotation.
        default: Its default's expression; None where it has none.
        meaning: What is said about it, on one line.
    """

    kind: str
    default: str | None
    meaning: str


def written(kind: type) -> dict[str, Written]:
    """Fields of a dataclass, by name."""
    path = inspect.getsourcefile(kind)
    return written_in(Path(path), kind.__name__) if path else {}


def written_in(path: Path, name: str) -> dict[str, Written]:
    """Fields of a dataclass in a source file and of its bases there, by name."""
    return _fields(ast.parse(path.read_text("utf-8")), name)


def mirror(path: Path, name: str) -> type:
    """A dataclass with the fields of one in a source file that is not imported.

    It has their types and defaults, and none of the class's own checks.
    """
    tree = ast.parse(path.read_text("utf-8"))
    names = {**TYPES, **_aliases(tree)}
    made = []
    for key, each in _fields(tree, name).items():
        kind = eval(each.kind, {}, names)  # our own source, not a user's
        default = ast.literal_eval(each.default) if each.default is not None else MISSING
        made.append((key, kind, field(default=default)))
    return make_dataclass(name, made, frozen=True)


def _aliases(tree: ast.Module) -> dict[str, Any]:
    """Types that a file gives a name of its own: `Modalities = Literal[…]`."""
    return {
        target.id: eval(ast.unparse(node.value), {}, TYPES)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Literal[")
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _fields(tree: ast.Module, name: str) -> dict[str, Written]:
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    node = classes[name]
    found: dict[str, Written] = {}
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in classes:
            found |= _fields(tree, base.id)
    listed = _attributes(ast.get_docstring(node) or "")
    for at, line in enumerate(node.body):
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            own = _string(node.body[at + 1]) if at + 1 < len(node.body) else ""
            default = ast.unparse(line.value) if line.value else None
            key = line.target.id
            before = found[key].meaning if key in found else ""
            meaning = own or listed.get(key, before)
            found[key] = Written(ast.unparse(line.annotation), default, meaning)
    return found


def _string(node: ast.stmt) -> str:
    """Text of a docstring that stands after a field, on one line."""
    value = node.value if isinstance(node, ast.Expr) else None
    text = value.value if isinstance(value, ast.Constant) else ""
    return " ".join(text.split()) if isinstance(text, str) else ""


def _attributes(docstring: str) -> dict[str, str]:
    """What a class docstring says under `Attributes:`, by name."""
    found: dict[str, str] = {}
    key = ""
    for line in docstring.partition("Attributes:\n")[2].splitlines():
        if line and not line.startswith(" "):
            break
        name, colon, text = line.strip().partition(": ")
        if colon and line.startswith("    ") and not line.startswith("     "):
            key, found[name] = name, text
        elif key and line.strip():
            found[key] += f" {line.strip()}"
    return found
