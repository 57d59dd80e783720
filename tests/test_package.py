"""What is installed: every package and file of the tree that the code needs, and nothing else."""

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def setup() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(REPOSITORY / "setup.cfg")
    return config


@pytest.fixture(scope="module")
def places(setup: configparser.ConfigParser) -> dict[str, Path]:
    """Folder of each package, of which setup.cfg names the upper ones."""
    lines = setup["options"]["package_dir"].split("\n")
    mapped = dict(line.split(" = ") for line in lines if line)
    found = {}
    for package in setup["options"]["packages"].split():
        top = max((name for name in mapped if f"{package}.".startswith(f"{name}.")), key=len)
        rest = package.removeprefix(top).replace(".", "/").strip("/")
        found[package] = REPOSITORY / mapped[top] / rest
    return found


def is_cache(path: Path) -> bool:
    return "__pycache__" in path.parts or path.name.startswith(".")


def wanted(places: dict[str, Path]) -> set[str]:
    """Files of all packages, as the wheel names them."""
    return {
        f"{package.replace('.', '/')}/{path.name}"
        for package, folder in places.items()
        for path in folder.iterdir()
        if path.is_file() and not is_cache(path)
    }


def test_every_folder_of_code_is_a_package_that_is_installed(places: dict[str, Path]) -> None:
    tops = {path for path in places.values() if path.parent == REPOSITORY}
    assert {top.name for top in tops} == {
        "api", "pipeline", "extractors", "models", "cache", "configs",
    }  # fmt: skip
    with_code = {path.parent for top in tops for path in top.rglob("*.py") if not is_cache(path)}
    assert with_code == {*places.values()}


def test_every_file_beside_the_code_is_data_that_is_installed(
    setup: configparser.ConfigParser, places: dict[str, Path]
) -> None:
    """And every pattern finds some file."""
    data = {
        path
        for top in {path for path in places.values() if path.parent == REPOSITORY}
        for path in top.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc", ".md") and not is_cache(path)
    }
    installed = set()
    for package, patterns in setup["options.package_data"].items():
        for pattern in patterns.split(","):
            found = {*places[package].glob(pattern.strip())}
            assert found, f"{package}: no file is {pattern.strip()}"
            installed |= found
    assert data == installed


@pytest.mark.slow
def test_the_wheel_has_every_file_and_the_command(tmp_path: Path, places: dict[str, Path]) -> None:
    """Built from a copy, so that nothing is left in the tree; pip brings the setuptools of pyproject.toml."""
    tree = tmp_path / "tree"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes((REPOSITORY / name).read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    subprocess.run([*build, "-w", str(tmp_path), str(tree)], check=True)
    (wheel,) = tmp_path.glob("avel-*.whl")
    with zipfile.ZipFile(wheel) as inside:
        names = {*inside.namelist()}
        (entries,) = (name for name in names if name.endswith("entry_points.txt"))
        commands = inside.read(entries).decode()
    assert "avel = avel.pipeline.cli:main" in commands
    packed = {name for name in names if ".dist-info/" not in name}
    assert {name for name in wanted(places) if not name.endswith(".md")} <= packed
    assert all(name.startswith("avel/") for name in packed)
