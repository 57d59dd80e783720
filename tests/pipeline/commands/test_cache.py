"""`avel cache`: its actions, each with its own file, and the cache that they look at."""

from importlib import import_module
from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.commands.cache import ACTIONS


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_has_its_function(name: str) -> None:
    module = import_module(f"avel.pipeline.commands.{ACTIONS[name][0]}")
    assert callable(getattr(module, "import_" if name == "import" else name))


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["cache", name, "--help"])
    assert caught.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert ACTIONS[name][1] in said
    assert "--cache-dir" in said


def test_no_action(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["cache"])
    assert caught.value.code == 2
    assert "ACTION" in capsys.readouterr().err


def test_the_cache_is_where_the_options_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AVEL_CACHE_DIR", str(tmp_path / "environment"))
    assert main(["cache", "ls"]) == 0
    assert main(["cache", "ls", "--cache-dir", str(tmp_path / "given")]) == 0
    places = [line for line in capsys.readouterr().out.splitlines() if line != "empty"]
    assert places == [str(tmp_path / "environment"), str(tmp_path / "given")]
