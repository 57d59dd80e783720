"""An evaluation goes the way of the model and of the question."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from avel.pipeline.evaluation import evaluate, match, published
from avel.pipeline.evaluation.protocols import PROTOCOLS
from avel.pipeline.evaluation.run import check_question, evaluate_any
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig

Asked = dict[str, tuple[Any, ...]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    found: Asked = {}

    def stand_in(name: str) -> Any:
        return lambda *given: found.update({name: given}) or {"by": name}

    monkeypatch.setattr(evaluate, "evaluate", stand_in("evaluate"))
    monkeypatch.setattr(match, "evaluate_matcher", stand_in("matcher"))
    monkeypatch.setattr(published, "evaluate_protocols", stand_in("protocols"))
    return found


def by(name: str, **how: Any) -> dict[str, Any]:
    model: Any = SimpleNamespace(card=SimpleNamespace(name=name), path=Path("m.safetensors"))
    return evaluate_any("data", "val", model, RuntimeConfig(Path("c")), **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["dmsf", "av_att"])
def test_who_finds_events_is_counted_by_all_our_numbers(asked: Asked, name: str) -> None:
    assert by(name) == {"by": "evaluate"}
    assert asked["evaluate"] == (
        "data",
        "val",
        Path("m.safetensors"),
        RuntimeConfig(Path("c")),
        None,
    )


@pytest.mark.parametrize("name", ["cmm", "dcmr"])
def test_who_answers_queries_is_counted_by_them(asked: Asked, name: str) -> None:
    """Whatever protocol of events was asked for."""
    assert by(name) == by(name, protocol="all") == {"by": "matcher"}
    assert list(asked) == ["matcher"]


def test_protocols(asked: Asked) -> None:
    assert by("dmsf", protocol="psp") == {"by": "protocols"}
    assert asked["protocols"][2] == Path("m.safetensors")
    assert asked["protocols"][4:] == (["psp"], None)
    by("dmsf", protocol="all", labels=Path("l.h5"), run=Path("run"))
    assert asked["protocols"][2] == Path("run")  # where the epoch that a protocol selects is
    assert asked["protocols"][4:] == (list(PROTOCOLS), Path("l.h5"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("tst",), r"split \('tst'\) must be one of train, val, test"),
        (("test", "avel"), "no protocol 'avel'; there are ave, psp, .*, all"),
        (("test", None, Path("l.h5")), r"labels \(l.h5\) are what a protocol counts by; give a"),
    ],
)
def test_questions_that_nobody_can_answer(asked: Asked, given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_question(*given)
    check_question("val", "all", Path("l.h5"))
    with pytest.raises(InputError, match="no protocol 'avel'"):
        by("dmsf", protocol="avel")
    assert not asked
