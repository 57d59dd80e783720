"""`avel dataset`: its actions, each a file."""

from importlib import import_module

import pytest

from avel.pipeline.cli import main
from avel.pipeline.commands.dataset import ACTIONS


def test_help_lists_the_actions(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["dataset", "--help"])
    out = capsys.readouterr().out
    assert all(name in out for name in ACTIONS)


@pytest.mark.parametrize("name", ACTIONS)
def test_each_action_has_help_and_is_a_file(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = import_module(f"avel.pipeline.commands.{ACTIONS[name][0]}")
    assert callable(module.add_arguments)
    assert callable(module.run)
    with pytest.raises(SystemExit, match="0"):
        main(["dataset", name, "--help"])
    assert "--debug" not in capsys.readouterr().err


def test_no_action(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["dataset"])
    assert "ACTION" in capsys.readouterr().err
