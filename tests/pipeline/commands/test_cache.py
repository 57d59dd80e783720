"""`avel cache`: each action is there, says what it does, and takes a cache folder."""

from importlib import import_module

import pytest

from avel.pipeline.cli import main
from avel.pipeline.commands.cache import ACTIONS, AS_JSON


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_says_what_it_does(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["cache", action, "--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    file, what = ACTIONS[action]
    assert " ".join(what.split()) in " ".join(out.split())
    assert "--cache-dir" in out
    module = import_module(f"avel.pipeline.commands.{file}")
    assert callable(getattr(module, action if action != "import" else "import_"))


def test_an_action_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["cache"], ["cache", "vacuum"]):
        with pytest.raises(SystemExit) as caught:
            main(argv)
        assert caught.value.code == 2
    assert "vacuum" in capsys.readouterr().err


@pytest.mark.parametrize("action", ACTIONS)
def test_json_is_refused_where_none_would_come(
    action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["cache", action, "--help"])
    assert ("--json" in capsys.readouterr().out) == (action in AS_JSON)
    if action == "verify":
        with pytest.raises(SystemExit) as caught:
            main(["cache", action, "--json"])
        assert caught.value.code == 2
        assert "unrecognized arguments: --json" in capsys.readouterr().err
