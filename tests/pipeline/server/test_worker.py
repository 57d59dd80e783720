import io
import json
import os

import pytest

from avel.pipeline.reasons import InputError
from avel.pipeline.server import worker as module
from avel.pipeline.server.settings import Settings
from avel.pipeline.server.site import Site
from avel.pipeline.server.worker import CHANGED, READY, hands_of, work_on
from tests.pipeline.server.material import StubHands, add

HANDS = StubHands()


def made(settings: Settings) -> StubHands:
    return HANDS


def test_hands_are_named(site: Site) -> None:
    assert hands_of(Settings(site.folder.root, site.folder.root, hands=f"{__name__}:made")) is HANDS


@pytest.mark.parametrize("name", ["no.such:Hands", f"{__name__}:nothing", "nothing"])
def test_hands_that_are_none(site: Site, name: str) -> None:
    with pytest.raises((InputError, ValueError), match=r"must be module:name|Empty module name"):
        hands_of(Settings(site.folder.root, site.folder.root, hands=name))


def test_it_works_until_its_line_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    videos = [add(site, name) for name in ("a.mp4", "b.mp4")]
    monkeypatch.setattr(module, "hands_of", lambda settings: StubHands())
    ends = iter([False, False, True])
    monkeypatch.setattr(module, "_hung_up", lambda seconds: next(ends))
    line = io.BytesIO()
    work_on(site.settings, "w", line)
    assert [site.videos.get(video)["state"] for video in videos] == ["done", "done"]
    said = line.getvalue()
    assert said.startswith(READY)
    assert said.count(CHANGED) >= 4
    assert site.jobs.listed()[0]["attempts"] == 1


def test_its_last_words_are_why_it_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    monkeypatch.setattr(module, "die_with", lambda parent: None)
    monkeypatch.setattr(module.signal, "signal", lambda *_: None)
    monkeypatch.setattr(module.os, "dup", lambda number: write)
    monkeypatch.setattr(module.os, "dup2", lambda *_: None)

    def fail(*_: object) -> None:
        raise RuntimeError("no GPU" + "!" * 1_000)

    monkeypatch.setattr(module, "work_on", fail)
    with pytest.raises(RuntimeError, match="no GPU"):
        module.run(json.dumps(site.settings.as_json()), "w", 1)
    with os.fdopen(read, "rb") as line:
        said = line.read()
    assert said == b"!RuntimeError: no GPU" + b"!" * (
        module.MOST_LAST - len("RuntimeError: no GPU")
    )


def test_it_hears_words_and_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    with os.fdopen(read) as stdin:
        monkeypatch.setattr(module.sys, "stdin", stdin)
        assert not module._hung_up(0.0)
        os.write(write, b"\n\n")
        assert not module._hung_up(5.0)
        os.close(write)
        assert module._hung_up(5.0)
