"""How the code is built: floors, sizes, docstrings and tests, each beside its bar.

    python -m benchmarks.structure [ROOT]

Measured on the source of the packages under ROOT [this repository]; nothing is imported from it.
A function's length is its lines without its docstring; nested functions count twice, in their own
right and inside. A module holds logic if any of its functions has a body.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

PACKAGES = ("api", "pipeline", "extractors", "models", "cache", "configs")
Function = ast.FunctionDef | ast.AsyncFunctionDef

UNIT = re.compile(
    r"\b([Ss]econds?|milliseconds?|microseconds?|ms|[Mm]inutes?|hours?|k?Hz|px|[Pp]ixels?|[Ss]amples|[Cc]ells|[Bb]ytes?|[KMG]i?B|dB|"
    r"decibels|percent|degrees|ticks|standard deviations)\b|\d (s|%)(\W|$)|%|between 0 and 1|"
    r"[\[(]-?\d[\d.^]*, -?\d[\d.^]*[\])]|"
    r"\b[Nn]umber of (?!the\b|an?\b)([a-z-]+ )?[a-z-]+s\b|\b[Hh]ow many [a-z]|\bcounted from [01]\b|"
    r"\b\d+ (bits|hex digits|names|rows|items|points|frames|segments)\b|"
    r"\bin (steps|epochs|rows|items|points|frames|segments|tokens)\b"
)
"""A unit that a quantity is stated in, what a number counts, or where an index begins. A range such
as `[0, 1]` is one, of shares and probabilities."""
LETTER = r"(?:[a-z]+_[a-z_]+|[A-Z]\w?(?: [+*] \w+)?|\d+|\.\.\.|n|rows|height|width|size|side)"
SHAPE = re.compile(rf"\({LETTER}(?:, {LETTER})+\)|\({LETTER},\)|\(\) ")
"""Shape notation: `(T, D)`, `(N,)`, `(B, K + 1)`."""


QUANTITY = re.compile(
    r"Tensor|NDArray|Array|Fraction|float|\bint\b|Features|Segments|SegmentScores|Example"
)
"""Annotations of numbers, arrays and what is made of them."""


@dataclass(frozen=True)
class Bar:
    """One figure and what it shall be.

    Attributes:
        value: Lines, a count, or a share in [0, 1].
        bar: The most or least allowed, of the same unit.
        most: Whether `bar` is the most that is allowed; else the least.
    """

    value: float
    bar: float
    most: bool = True

    @property
    def held(self) -> bool:
        """Whether the figure is on the right side of its bar."""
        return self.value <= self.bar if self.most else self.value >= self.bar


def figures(root: Path) -> dict[str, Bar]:
    """Every figure of a repository by name; lengths in lines, shares in [0, 1]."""
    lengths = list(function_lengths(root).values())
    needs = imports(root)
    alone, stated = modules_without_test(root), docstrings(root)
    code, tests = count_lines(sources(root)), count_lines(sorted((root / "tests").rglob("*.py")))
    files = [len(path.read_text().splitlines()) for path in sources(root)]
    return {
        "floors of imports": Bar(len(floors(needs)), 15),
        "import cycles": Bar(len(cycles(needs)), 0),
        "function length, median": Bar(float(np.median(lengths)), 9),
        "function length, p90": Bar(float(np.percentile(lengths, 90)), 20),
        "function length, longest": Bar(max(lengths), 50),
        "file length, p90": Bar(float(np.percentile([n for n in files if n], 90)), 230),
        "public docstrings with unit or shape": Bar(
            sum(stated.values()) / len(stated), 0.6, most=False
        ),
        "the same, where a quantity goes in or out": Bar(
            share_of_quantities(root), 0.6, most=False
        ),
        "lines of test per line of code": Bar(tests / code, 0.9, most=False),
        "modules of logic without a test file": Bar(len(alone), 0),
    }


def sources(root: Path) -> list[Path]:
    """Python files of the packages."""
    return sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """Syntax tree of a file."""
    return ast.parse(path.read_text())


def count_lines(paths: list[Path]) -> int:
    """Lines of files together, as `wc -l` counts them."""
    return sum(path.read_text().count("\n") for path in paths)


# Functions.


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Every function of a tree by its dotted name, methods and nested ones too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function | ast.ClassDef):
            name = f"{prefix}{node.name}"
            if isinstance(node, Function):
                yield name, node
            yield from functions(node, f"{name}.")
        else:
            yield from functions(node, prefix)


def length(node: Function) -> int:
    """Lines of a function without its docstring and decorators."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is not None:
        text = node.body[0]
        lines -= (text.end_lineno or text.lineno) - text.lineno + 1
    return lines


def function_lengths(root: Path) -> dict[str, int]:
    """Lines of each function by `file:name`."""
    return {
        f"{path.relative_to(root)}:{name}": length(node)
        for path in sources(root)
        for name, node in functions(parsed(path))
    }


def docstrings(root: Path) -> dict[str, bool]:
    """Whether the docstring of each public function that has one states a unit or a shape."""
    found = {}
    for path in sources(root):
        for name, node in functions(parsed(path)):
            text = ast.get_docstring(node)
            if text and not any(part.startswith("_") for part in name.split(".")):
                found[f"{path.relative_to(root)}:{name}"] = states_quantity(text)
    return found


def share_of_quantities(root: Path) -> float:
    """Share in [0, 1] of stated units among functions whose signature has a number or an array."""
    stated = docstrings(root)
    asked = [
        stated[key]
        for path in sources(root)
        for name, node in functions(parsed(path))
        if (key := f"{path.relative_to(root)}:{name}") in stated and _has_quantity(node)
    ]
    return sum(asked) / max(1, len(asked))


def _has_quantity(node: Function) -> bool:
    return bool(QUANTITY.search(" ".join(filter(None, map(_text, [node.args, node.returns])))))


def _text(node: ast.AST | None) -> str:
    return ast.unparse(node) if node else ""


def states_quantity(text: str) -> bool:
    """Whether a docstring holds a unit or shape letters such as `(T, D)`."""
    return bool(UNIT.search(text) or SHAPE.search(text))


# Tests.


def holds_logic(path: Path) -> bool:
    """Whether a module has a function that does anything; declarations alone need no test."""
    return any(not _is_declared(node) for _, node in functions(parsed(path)))


def _is_declared(node: Function) -> bool:
    """Whether a function's body is its docstring or `...` alone, as in a protocol."""
    return all(isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant) for n in node.body)


def modules_without_test(root: Path) -> list[str]:
    """Modules of logic for which no `test_<module>.py` lies in the same place under `tests/`."""
    found = []
    for path in sources(root):
        place = path.relative_to(root)
        name = place.parent.name if path.name == "__init__.py" else path.stem.strip("_")
        test = root / "tests" / place.parent / f"test_{name}.py"
        if holds_logic(path) and not test.is_file():
            found.append(str(place))
    return found


# Imports.


def module_of(path: Path, root: Path) -> str:
    """Dotted name under which a file is imported."""
    parts = path.relative_to(root).with_suffix("").parts
    parts = parts[1:] if parts[0] == "api" else parts
    return ".".join(["avel", *(part for part in parts if part != "__init__")])


def imported(tree: ast.AST) -> Iterator[str]:
    """Modules that importing a tree imports: not those of functions, nor a type checker's."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, Function) or (
            isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        ):
            continue
        else:
            yield from imported(node)


def imports(root: Path) -> dict[str, set[str]]:
    """Modules and the modules of the packages that importing each needs at once."""
    modules = {module_of(path, root): path for path in sources(root)}
    return {
        name: set(imported(parsed(path))) & modules.keys() - {name}
        for name, path in modules.items()
    }


def floors(needs: Mapping[str, set[str]]) -> list[set[str]]:
    """Modules by the length of the longest chain of imports below them; cycles come last."""
    left, found = {name: set(below) for name, below in needs.items()}, []
    while left:
        free = {name for name, below in left.items() if not below & left.keys()} or set(left)
        found.append(free)
        left = {name: below for name, below in left.items() if name not in free}
    return found


def cycles(needs: Mapping[str, set[str]]) -> list[str]:
    """Modules that need themselves."""
    found = []
    for name in needs:
        reached: set[str] = set()
        waiting = list(needs[name])
        while waiting:
            other = waiting.pop()
            if other not in reached:
                reached.add(other)
                waiting += needs[other]
        if name in reached:
            found.append(name)
    return found


def main() -> None:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    print("| figure | value | bar | held |\n|---|---|---|---|")
    for name, figure in figures(root).items():
        sign = "<=" if figure.most else ">="
        print(
            f"| {name} | {figure.value:.4g} | {sign} {figure.bar:g} | {'yes' if figure.held else 'NO'} |"
        )
    longest = sorted(function_lengths(root).items(), key=lambda item: -item[1])
    print("\nlongest functions:", ", ".join(f"{name} {lines}" for name, lines in longest[:8]))
    print("\nwithout a test file:", ", ".join(modules_without_test(root)) or "none")


if __name__ == "__main__":
    main()
