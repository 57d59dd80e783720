"""Devices that are looked at before a server listens."""

import json
import subprocess
from typing import Any

import pytest

from avel.pipeline.reasons import EnvironmentProblem, InputError
from avel.pipeline.server import devices as module
from avel.pipeline.server.devices import check, tell


@pytest.mark.parametrize(
    "given",
    [
        ["auto", "cuda:0"],
        ["auto", "auto"],
        ["cpu", "cpu"],
        ["cuda:1", "cuda:0", "cuda:1"],
        ["cuda", "cuda:0"],
    ],
)
def test_two_workers_on_one_device(given: list[str]) -> None:
    said = f"--device {' '.join(given)}: each worker needs a device of its own; name each GPU once"
    with pytest.raises(InputError, match=said):
        check(given)


@pytest.mark.parametrize("given", [["auto"], ["cpu"]])
def test_what_is_always_there_is_not_tried(
    monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    monkeypatch.setattr(module.subprocess, "run", lambda *_, **__: pytest.fail("was tried"))
    check(given)


def pretend(monkeypatch: pytest.MonkeyPatch, code: int, said: bytes) -> list[list[str]]:
    asked: list[list[str]] = []

    def run(words: list[str], **how: Any) -> Any:
        asked.append(words)
        return subprocess.CompletedProcess(words, code, said)

    monkeypatch.setattr(module.subprocess, "run", run)
    return asked


def test_those_that_are_named_are_tried_together(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = pretend(monkeypatch, 0, b"")
    check(["cpu", "cuda:0", "cuda:1"])
    assert [json.loads(words[3]) for words in asked] == [["cuda:0", "cuda:1"]]


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (4, b"device 'cuda:9' cannot be used (no)\n", r"^device 'cuda:9' cannot be used \(no\)$"),
        (-9, b"", r"--device cuda:9: cannot be tried, .* \(exit code -9\); use --device cpu"),
        (1, b"words", r"--device cuda:9: cannot be tried, .* \(exit code 1\)"),
    ],
)
def test_one_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, code: int, said: bytes, told: str
) -> None:
    pretend(monkeypatch, code, said)
    with pytest.raises(EnvironmentProblem, match=told):
        check(["cuda:9"])


def test_what_a_process_says_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    tell('["cpu"]')
    assert capsys.readouterr().out == ""
    with pytest.raises(SystemExit) as ended:
        tell('["cpu", "cuda:99"]')
    assert ended.value.code == module.REFUSED
    said = capsys.readouterr().out
    assert said.startswith("device 'cuda:99' cannot be used (")
    assert said.endswith("use --device cpu, or see `avel doctor`\n")


def test_a_process_is_really_asked() -> None:
    with pytest.raises(EnvironmentProblem, match=r"^device 'cuda:99' cannot be used \("):
        check(["cuda:99"])
