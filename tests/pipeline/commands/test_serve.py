import argparse
import builtins
import socket
from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.cli import main
from avel.pipeline.commands import serve as command
from avel.pipeline.reasons import EnvironmentProblem
from avel.pipeline.server.guard import Access
from avel.pipeline.server.settings import GIB, Settings
from tests.pipeline.commands.said import refused

TOKEN = "correct-horse-battery"
Served = list[tuple[Settings, Access, socket.socket]]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Served:
    """What is served, instead of serving it; models are not looked for."""
    monkeypatch.chdir(tmp_path)
    seen: Served = []

    def serve(settings: Settings, access: Access, listening: socket.socket, started: Any) -> None:
        seen.append((settings, access, listening))
        started()
        listening.close()

    monkeypatch.setattr("avel.pipeline.server.run.serve", serve)
    monkeypatch.setattr(command, "_check_model", lambda model, weights: None)
    return seen


def test_what_it_says_and_is_told(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "0"]) == 0
    ((settings, access, _),) = served
    assert settings == Settings(tmp_path / "avel-serve", settings.cache_dir)
    assert settings.limits.file_bytes == 4 * GIB
    assert (access.token, access.any_address) == ("", False)
    assert set(access.names) == {"localhost", "127.0.0.1", "::1"}
    out = capsys.readouterr().out
    assert out.startswith("avel: http://127.0.0.1:")
    assert f"/ (Ctrl-C ends it; everything is kept in {tmp_path / 'avel-serve'})" in out
    assert "token" not in out


def test_limits_are_options(served: Served) -> None:
    words = ["--file-bytes", "1e6", "--film-seconds", "90", "--films", "3", "--keep-days", "0"]
    assert main(["serve", "--port", "0", *words]) == 0
    settings = served[0][0]
    assert (settings.limits.file_bytes, settings.limits.film_seconds) == (1_000_000, 90)
    assert (settings.limits.films, settings.keep_days) == (3, 0)


def test_weights_are_found_whatever_the_workers_folder_is(served: Served, tmp_path: Path) -> None:
    assert main(["serve", "--port", "0", "--weights", "mn04.pt"]) == 0
    assert served[0][0].weights == (str(tmp_path / "mn04.pt"),)


def test_beyond_this_machine_a_token_is_made_and_printed(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "0", "--host", "0.0.0.0", "--name", "Films.Example"]) == 0
    access = served[0][1]
    assert len(access.token) >= 32
    assert access.any_address
    assert {"films.example", socket.gethostname().lower()} <= set(access.names)
    out = capsys.readouterr().out
    assert f"token: {access.token}\n" in out
    assert access.token not in out.splitlines()[0]  # never in an address


def test_a_token_of_ones_own(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert main(["serve", "--port", "0", "--token-file", str(tmp_path / "token")]) == 0
    assert served[0][1].token == TOKEN
    assert TOKEN not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--token-file", "no"], "--token-file no: cannot be read"),
        (["--token-file", "short"], "--token-file short: has 5 letters; a token needs 16 or more"),
        (["--token-file", "odd"], "a token needs 16 or more, of ASCII"),
        (["--films", "0"], "films (0) must be greater than 0"),
        (["--films", "inf"], "--films (inf) must be a finite number"),
        (["--film-seconds", "nan"], "--film-seconds (nan) must be a finite number"),
        (["--keep-days", "nan"], "--keep-days (nan) must be a finite number"),
        (["--keep-days", "-1"], "--keep-days (-1) must be 0 or more days"),
        (["--device", "auto", "cuda:0"], "--device auto cuda:0: each worker needs a device of its"),
    ],
)
def test_what_is_refused(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    (tmp_path / "short").write_text("short")
    (tmp_path / "odd").write_text("ünter " * 10)
    code, err = refused(capsys, "serve", "--port", "0", *words)
    assert (code, said in err) == (2, True), err
    assert served == []


def test_a_port_that_is_taken(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, err = refused(capsys, "serve", "--port", port)
    assert code == 4
    assert (
        f"--port {port}: cannot listen there (Address already in use); give another --port" in err
    )


def test_a_device_that_is_not_there(
    served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(devices: Any) -> None:
        raise EnvironmentProblem(f"device {devices} cannot be used")

    monkeypatch.setattr("avel.pipeline.server.devices.check", check)
    code, err = refused(capsys, "serve", "--port", "0", "--device", "cuda:9")
    assert (code, "device ['cuda:9'] cannot be used" in err) == (4, True), err
    assert served == []


def test_a_model_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, err = refused(capsys, "serve", "--port", "0", "--model", tmp_path / "no")
    assert code == 2
    assert "no" in err


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "avel.pipeline.server.run":
            raise ModuleNotFoundError(f"No module named '{missing}'", name=missing)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    code, err = refused(capsys, "serve")
    assert code == 4
    assert f'the server needs {missing}, which is not installed; pip install "avel[serve]"' in err


def test_a_fault_of_ours_is_no_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "avel.pipeline.server.run":
            raise ModuleNotFoundError("No module named 'avel.x'", name="avel.x")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ModuleNotFoundError, match=r"avel\.x"):
        command._server()


@pytest.mark.parametrize(
    ("words", "terminal", "opened"),
    [([], True, True), ([], False, False), (["--no-open"], True, False), (["--open"], False, True)],
)
def test_the_browser_is_opened_where_there_is_a_terminal(
    served: Served, monkeypatch: pytest.MonkeyPatch, words: list[str], terminal: bool, opened: bool
) -> None:
    addresses: list[str] = []
    monkeypatch.setattr(command.webbrowser, "open", addresses.append)
    monkeypatch.setattr(command.sys.stdout, "isatty", lambda: terminal)
    assert main(["serve", "--port", "0", *words]) == 0
    assert bool(addresses) == opened
    assert all(address.startswith("http://127.0.0.1:") for address in addresses)


@pytest.mark.parametrize(
    ("asked", "host", "address"),
    [
        ("127.0.0.1", "127.0.0.1", "http://127.0.0.1:80/"),
        ("localhost", "127.0.0.1", "http://localhost:80/"),
        ("::1", "::1", "http://[::1]:80/"),
        ("0.0.0.0", "0.0.0.0", f"http://{socket.gethostname()}:80/"),
    ],
)
def test_the_address_for_people(asked: str, host: str, address: str) -> None:
    assert command._address(asked, host, 80) == address


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False),
     ("::", False), ("192.168.1.2", False), ("films.example", False)],
)  # fmt: skip
def test_what_is_this_machine_alone(host: str, local: bool) -> None:
    assert command._is_local(host) is local


def test_every_limit_that_is_an_option_is_a_limit() -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    names = {name for name in vars(parser.parse_args([])) if name in command.LIMITS}
    assert names == {*command.LIMITS}
