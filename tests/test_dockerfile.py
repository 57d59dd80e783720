"""The image: what its file promises, and where docker is, that it keeps it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
TEXT = (REPOSITORY / "Dockerfile").read_text()
IMAGE = "avel-test"


def steps() -> list[tuple[str, str]]:
    """Instructions and what follows each, of the image that is run."""
    lines = re.sub(r"\\\n", " ", TEXT.rpartition("\nFROM ")[2])
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines.splitlines()]


def test_it_runs_avel_as_a_user_without_rights() -> None:
    found = dict(steps())
    assert found["USER"] == "avel"
    assert re.search(r"useradd --uid [1-9]\d{3,} .*avel", found["RUN"])
    assert found["ENTRYPOINT"] == '["avel"]'
    order = [name for name, _ in steps()]
    assert order.index("USER") > max(n for n, name in enumerate(order) if name == "RUN")


def test_the_image_that_is_run_fetches_nothing_and_what_it_says_shuts_the_network() -> None:
    for name, rest in steps():
        assert not re.search(r"\b(pip|apt-get|curl|wget|fetch)\b", rest) or name == "#"
    (how,) = re.findall(r"#   (docker run .*)", TEXT)
    assert "--network none" in how


def test_both_ways_are_named_and_no_registry() -> None:
    assert "ARG TORCH=cpu" in TEXT
    assert re.search(r"^ +cuda\) pip install", TEXT, re.MULTILINE)
    assert "://" not in TEXT


def test_what_is_not_for_the_image_stays_out() -> None:
    left = (REPOSITORY / ".dockerignore").read_text().split()
    assert {".git", ".venv", "tests", "build", "demo", "runs"} <= {*left}
    packages = {"api", "pipeline", "extractors", "models", "cache", "configs", "setup.cfg"}
    assert not packages & {*left}


def docker(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    if shutil.which("docker") is None or docker("info").returncode:
        pytest.skip("there is no docker, or its daemon does not answer")
    built = docker("build", "--tag", IMAGE, *_wheels(), str(REPOSITORY))
    assert built.returncode == 0, built.stderr[-2000:]
    yield IMAGE
    docker("image", "rm", IMAGE)


def _wheels() -> list[str]:
    """The index of CPU wheels, where it is named: else torch comes with CUDA's libraries."""
    index = os.environ.get("TORCH_CPU_WHEELS")
    return ["--build-arg", f"WHEELS={index}"] if index else []


@pytest.mark.slow
def test_avel_runs_in_it(image: str) -> None:
    without = ["run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp"]
    done = docker(*without, image, "--version")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("avel ")
    who = docker(*without, "--entrypoint", "id", image, "-u")
    assert int(who.stdout) >= 1000
