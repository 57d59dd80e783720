import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from avel.models.card import CHECKPOINT, describe
from avel.pipeline.method.denied import Pair
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import InputError, MediaError, Reason
from avel.pipeline.server import hands as module
from avel.pipeline.server.folder import Folder
from avel.pipeline.server.hands import Hands, examples_of
from avel.pipeline.server.job_work import Film, Stopped
from avel.pipeline.server.settings import Limits, Settings
from avel.pipeline.server.warm import Warm

VIDEO = "a" * 32
Told = list[tuple[str, float, float]]


def nothing(stage: str, done: float, total: float) -> None:
    """Nobody wants to know."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(
        tmp_path / "served",
        tmp_path / "cache",
        "synthetic",
        ("cpu",),
        limits=Limits(film_seconds=60),
    )
    Folder(made.folder).make()
    return made


def film_of(settings: Settings, content: Path | bytes, *, cannot: str = "") -> Film:
    folder = Folder(settings.folder)
    folder.film(VIDEO).mkdir()
    path = folder.media(VIDEO, ".mp4")
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        shutil.copy(content, path)
    return Film(VIDEO, path, "dog & co.mp4", 10.0, cannot)


def filmed(synth: Path) -> Path:
    return sorted((synth / "AVE").glob("*.mp4"))[0]


def test_a_film_whose_scores_are_cached(settings: Settings, synth: Path, warm: Path) -> None:
    settings = Settings(settings.folder, warm, "synthetic", ("cpu",))
    told: Told = []
    film = film_of(settings, filmed(synth))
    found = Hands(settings).localize(film, "synthetic", lambda *said: told.append(said))
    document, page = json.loads(found.document), json.loads(found.page)
    assert document["schema"] == "avel.result/2"
    assert document["file"] == page["name"] == page["file"] == "dog & co.mp4"
    assert str(settings.folder) not in found.document + found.page
    assert found.events == len(document["events"]) == len(page["found"])
    assert found.seconds == pytest.approx(10.0, abs=0.1)
    assert page["pictures"]["num"] == 10
    assert page["peaks"]
    assert found.summary
    assert not found.has_proxy
    assert told[0] == ("decoding", 0.0, 10.0)
    assert told[-1][0] == "writing"


def test_what_is_no_film_fails_by_its_name(settings: Settings) -> None:
    film = film_of(settings, b"")
    with pytest.raises(MediaError, match=r"EMPTY: dog & co\.mp4: ") as err:
        Hands(settings).localize(film, "synthetic", nothing)
    assert str(settings.folder) not in str(err.value)


def test_models_in_use_are_worked_out_once_and_old_ones_forgotten(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def plan(config: Any) -> Any:
        asked.append(str(config.model))
        return SimpleNamespace(place=config.model)

    monkeypatch.setattr(module, "plan_localization", plan)
    monkeypatch.setattr(Warm, "over", lambda self, plan: plan)
    hands, taught = Hands(settings), [f"taught-{n}" for n in range(50)]
    for place in taught:
        for each in ("everyday", place, "everyday"):
            assert hands._plan(each) is hands._plan(each)
    assert asked == ["everyday", *taught]
    assert hands._plan.cache_info().currsize == module.MOST_PLANS


def pretend(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    """A run that says how far it is, and finds nothing."""

    def localize(
        paths: Sequence[Path], plan: object, runtime: object, *, watch: Any, **_: Any
    ) -> Iterator[Result]:
        watch(paths[0], cells, 20.0)
        yield Result(str(paths[0]), "ok", duration=10.0, segments=10)

    run = SimpleNamespace(scores=lambda result: None, segment_config=SimpleNamespace(fit="crop"))
    monkeypatch.setattr(module, "localize", localize)
    monkeypatch.setattr(module, "CachedRun", lambda *_: run)
    monkeypatch.setattr(module, "preview", lambda *_: module_preview())


def module_preview() -> Any:
    from avel.pipeline.report.preview import Preview

    return Preview()


def test_it_says_how_far_a_long_one_is(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, 16)
    told: Told = []
    Hands(settings).localize(
        film_of(settings, b"film"), "synthetic", lambda *said: told.append(said)
    )
    assert told == [("decoding", 0.0, 10.0), ("decoding", 16.0, 20.0), ("writing", 10.0, 10.0)]


def test_one_that_goes_on_for_longer_than_it_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, 61)
    with pytest.raises(MediaError, match=r"dog & co\.mp4: is longer than 60 s; cut it first"):
        Hands(settings).localize(film_of(settings, b"film"), "synthetic", nothing)


def test_a_copy_of_what_no_browser_plays(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, 16)
    made: list[Path] = []

    def write(apart: object, path: Path, out: Path) -> None:
        made.append(path)
        out.write_bytes(b"copy")

    monkeypatch.setattr(module, "write_proxy", write)
    hands, film = Hands(settings), film_of(settings, b"film", cannot="AVI files")
    assert hands.localize(film, "synthetic", nothing).has_proxy
    assert hands.localize(film, "synthetic", nothing).has_proxy
    assert made == [film.path]


def test_a_copy_that_cannot_be_made_costs_no_result(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pretend(monkeypatch, 16)

    def write(*_: object) -> None:
        raise MediaError(Reason.DECODE_ERROR, "broken")

    monkeypatch.setattr(module, "write_proxy", write)
    film = film_of(settings, b"film", cannot="AVI files")
    assert not Hands(settings).localize(film, "synthetic", nothing).has_proxy
    assert (
        "dog & co.mp4: no copy of it for browsers: DECODE_ERROR: broken" in capsys.readouterr().err
    )


def test_everyday_events_stand_beside_taught_ones(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool, int]] = []

    def plan(config: Any) -> Any:
        asked.append((str(config.model), config.with_everyday, len(config.weights)))
        return config

    monkeypatch.setattr(module, "plan_localization", plan)
    hands = Hands(replace(settings, weights=("/w.pt",)))
    monkeypatch.setattr(hands._warm, "over", lambda made: made)
    for place in ("everyday", "/m/taught-3", "/m/taught-3", "synthetic"):
        hands._plan(place)
    assert asked == [("everyday", False, 1), ("/m/taught-3", True, 1), ("synthetic", False, 0)]


def corrected(name: str, *events: tuple[str, float, float]) -> dict[str, Any]:
    said = [dict(zip(("label", "onset", "offset"), event, strict=True)) for event in events]
    return {
        "id": name * 32,
        "suffix": ".mp4",
        "name": f"{name}.mp4",
        "seconds": 10.0,
        "events": said,
    }


def test_what_a_film_teaches() -> None:
    path = Path("/m.mp4")
    first, second = examples_of(corrected("a", ("Gnome", 1, 3), ("Elf", 4.5, 6)), path)
    assert (first.label, first.path, first.onset, first.offset) == ("Gnome", path, 1, 3)
    assert (second.label, second.onset, second.offset) == ("Elf", 4.5, 6)
    assert first.listed
    assert first.loose


def test_a_film_without_an_event_teaches_that() -> None:
    (example,) = examples_of(corrected("a"), Path("/m.mp4"))
    assert (example.is_background, example.onset, example.offset) == (True, 0.0, None)


def found_by_everyday(monkeypatch: pytest.MonkeyPatch, *events: Event) -> list[str]:
    """The everyday model finds the same in every film; the names of those that it looks at."""
    looked: list[str] = []

    def localize(paths: Iterable[Path], plan: Any, runtime: object) -> Iterator[Result]:
        assert (plan.model, plan.with_everyday) == (Path("everyday"), False)
        for path in sorted(paths, reverse=True):  # as they come
            looked.append(path.parent.name[:1])
            failed = path.parent.name.startswith("f")
            yield Result(str(path), "failed" if failed else "ok", events=() if failed else events)

    monkeypatch.setattr(module, "localize", localize)
    monkeypatch.setattr(module, "plan_localization", lambda config: config)
    monkeypatch.setattr(Warm, "over", lambda warm, made: made)
    return looked


def test_what_people_called_otherwise(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each film its own events; what cannot be looked at, and what shows none, says nothing."""
    whistle, bell = Event(1, 4, "Whistle", 0.9), Event(5, 8, "Bell", 0.9)
    looked = found_by_everyday(monkeypatch, whistle, bell)
    hands = Hands(settings)
    films = [
        corrected("a", ("Cross", 1, 4), ("Bell", 5, 8)),
        corrected("b", ("Elf", 5, 8), ("Whistle", 2, 3)),
        corrected("c"),
        corrected("f", ("Gnome", 1, 4)),
    ]
    assert hands._denied(films) == [("Bell", "Elf"), ("Whistle", "Cross")]
    assert looked == ["f", "b", "a"]
    together = corrected("d", ("Whistle", 0, 5), ("Cross", 4, 5))
    assert hands._denied([*films, together]) == [("Bell", "Elf")]


def test_teaching(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    taught: list[Any] = []
    folder = Folder(settings.folder)
    path = folder.media("b" * 32, ".mp4")

    def teach(
        examples: Any,
        out: Path,
        runtime: Any,
        *,
        weights: Any,
        gives_way: list[Pair],
        progress: Any,
    ) -> Any:
        taught.append((examples, out, gives_way))
        assert list(progress.track(["one", "two"])) == ["one", "two"]
        return SimpleNamespace(not_used=(f"{path}: the film has no sound",))

    monkeypatch.setattr("avel.pipeline.learning.teach.teach", teach)
    found_by_everyday(monkeypatch, Event(1, 4, "Whistle", 0.9), Event(5, 8, "Bell", 0.9))
    hands, told = Hands(settings), list[Any]()
    monkeypatch.setattr(hands, "warm", lambda place: ["Gnome", "Bark"])
    films = [corrected("a", ("Gnome", 1, 3)), corrected("b", ("Gnome", 0, 2))]
    out = folder.model("taught-1")
    lesson = hands.teach(films, out, lambda *said: told.append(said))
    assert lesson.labels == ["Gnome", "Bark"]
    assert lesson.note == "Not used: b.mp4: the film has no sound."
    ((examples, where, gives_way),) = taught
    assert gives_way == [("Whistle", "Gnome")]
    assert where == out
    assert [example.path for example in examples] == [folder.media("a" * 32, ".mp4"), path]
    assert told == [*(("teaching", done, 2.0) for done in (0.0, 1.0, 2.0)), ("writing", 2.0, 2.0)]


def test_a_teaching_that_is_cancelled_ends_between_two_films(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def teach(*_: object, progress: Any, **__: object) -> None:
        for name in progress.track(["one", "two", "three"]):
            read.append(name)

    def tell(stage: str, done: float, total: float) -> None:
        if done == 2:
            raise Stopped

    monkeypatch.setattr("avel.pipeline.learning.teach.teach", teach)
    found_by_everyday(monkeypatch)
    films = [corrected(name, ("Gnome", 1, 3)) for name in "abc"]
    with pytest.raises(Stopped):
        Hands(settings).teach(films, settings.folder / "m", tell)
    assert read == ["one", "two"]


def test_a_teaching_that_fails_names_films(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Folder(settings.folder).media("a" * 32, ".mp4")

    def teach(*_: object, **__: object) -> None:
        raise InputError(f"no film can be used; the first: {path}: is gone")

    monkeypatch.setattr("avel.pipeline.learning.teach.teach", teach)
    found_by_everyday(monkeypatch)
    with pytest.raises(InputError, match=r"the first: a\.mp4: is gone"):
        Hands(settings).teach([corrected("a", ("Gnome", 1, 3))], settings.folder / "m", nothing)


@pytest.mark.slow
def test_a_real_film_and_what_it_was_taught(
    tmp_path: Path, real: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way around: found, corrected, taught, and found so."""
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(weights))
    settings = Settings(tmp_path / "served", tmp_path / "cache", "everyday", ("cpu",))
    Folder(settings.folder).make()
    hands = Hands(settings)
    assert "Laughter" in hands.warm("everyday")
    film = film_of(settings, real / "baby_laugh_03.mp4")
    before = json.loads(hands.localize(film, "everyday", nothing).document)
    assert [event["label"] for event in before["events"]] == ["Laughter"]
    out = Folder(settings.folder).model("taught-1")
    films = [corrected("a", ("Gnome", 0, 4))]
    assert hands.teach(films, out, nothing).labels[0] == "Gnome"
    after = json.loads(hands.localize(film, str(out), nothing).document)
    assert {event["label"] for event in after["events"]} == {"Gnome"}
    hands.teach(films, Folder(settings.folder).model("taught-2"), nothing)
    again = describe(Folder(settings.folder).model("taught-2") / CHECKPOINT).card
    assert again.training["gives_way"] == [["Laughter", "Gnome"]]
