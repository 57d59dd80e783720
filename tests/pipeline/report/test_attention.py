"""Attention of several models: whose row is whose, which files are written, and why none."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from avel.pipeline.datasets.truth import Truth
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.plan import PipelineConfig
from avel.pipeline.method.results import Result
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.reasons import InputError, MediaError, Reason
from avel.pipeline.report import attention
from avel.pipeline.report.attention import AttentionPictures, Drawn, localize_by_all
from avel.pipeline.report.cached import CachedRun
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.report.material import result, scores


class Run:
    """A run whose cache has scores of every video, or of none."""

    segment_config = SegmentConfig(image_size=16)

    def __init__(self, at: int | None) -> None:
        self._at = at

    def scores(self, _: Result) -> SegmentScores | None:
        return None if self._at is None else scores(4, self._at)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[Path, Any]:
    """What was drawn, by file."""
    found: dict[Path, Any] = {}
    monkeypatch.setattr(attention, "read_material", lambda path, config, T: (path, config, T))
    monkeypatch.setattr(attention, "draw", lambda path, *given: found.update({path: given}))
    monkeypatch.setattr(
        attention, "write_overlay", lambda path, *given: found.update({path: given})
    )
    return found


def pictures(
    out: Path, *at: int | None, models: tuple[str, ...] = (), **more: Any
) -> AttentionPictures:
    runs = [cast(CachedRun, Run(number)) for number in at]
    names = [Path(name) for name in models or ("runs/a",) * len(at)]
    return AttentionPictures(out, runs, names, Truth({"a": [("dog", 0.0, 2.0)]}), **more)


def of_model(name: str, **changes: Any) -> Result:
    return result("films/a.mp4", model={"name": name}, **changes)


def test_one_model_is_a_picture_and_a_video(tmp_path: Path, drawn: dict[Path, Any]) -> None:
    made = pictures(tmp_path, 3).draw("a.mp4", [of_model("dmsf")])
    png, mp4 = tmp_path / "a.mp4.attention.png", tmp_path / "a.mp4.attention.mp4"
    assert made == Drawn((png, mp4))
    material, answers, truth = drawn[png]
    assert material == (Path("films/a.mp4"), Run.segment_config, 4)
    assert truth == [("dog", 0.0, 2.0)]
    assert [(a.model, a.scores.attention[0].argmax()) for a in answers] == [("dmsf", 3)]
    assert drawn[mp4] == (answers[0], Run.segment_config, truth)


def test_two_models_have_a_row_and_a_video_each(tmp_path: Path, drawn: dict[Path, Any]) -> None:
    made = pictures(tmp_path, 3, 4, suffix=".pdf").draw("v", [of_model("dmsf"), of_model("av_att")])
    assert [path.name for path in made.paths] == [
        "v.attention.pdf",
        "v.attention.1.mp4",
        "v.attention.2.mp4",
    ]
    answers = drawn[tmp_path / "v.attention.pdf"][1]
    assert [a.model for a in answers] == ["dmsf", "av_att"]
    assert drawn[tmp_path / "v.attention.2.mp4"][0].scores.attention[0].argmax() == 4


def test_models_of_one_name_are_told_apart_by_their_folders(
    tmp_path: Path, drawn: dict[Path, Any]
) -> None:
    models = ("runs/dmsf-seed0", "runs/dmsf-seed1/model.safetensors", "runs/x")
    kinds = [of_model(kind) for kind in ("dmsf", "dmsf", "av_att")]
    pictures(tmp_path, 1, 2, 3, models=models, video=False).draw("v", kinds)
    assert list(drawn) == [tmp_path / "v.attention.png"]
    rows = [answer.model for answer in drawn[tmp_path / "v.attention.png"][1]]
    assert rows == ["dmsf (dmsf-seed0)", "dmsf (dmsf-seed1)", "av_att"]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (
            of_model("m", status="failed", reasons=("EMPTY",), message="a: has 0 bytes"),
            "a: has 0 bytes",
        ),
        (of_model("m", status="partial", reasons=("NO_VIDEO",)), "NO_VIDEO"),
    ],
)
def test_files_that_give_nothing_to_look_at(
    tmp_path: Path, drawn: dict[Path, Any], made: Result, why: str
) -> None:
    assert pictures(tmp_path, 3).draw("v", [made]) == Drawn(why_none=why)
    assert not drawn


def test_a_model_that_looks_at_no_place(
    tmp_path: Path, drawn: dict[Path, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is drawn of the others, and it is said which."""
    blind = replace(scores(4, 3), attention=np.zeros((4, 0), np.float32))
    made = pictures(tmp_path, 3, 4)
    monkeypatch.setattr(made._runs[1], "scores", lambda _: blind)
    with pytest.raises(InputError, match="taught: has no attention to draw; leave this model out"):
        made.draw("v", [of_model("dmsf"), of_model("taught")])
    assert not drawn


def test_one_model_without_scores_leaves_the_file_out(
    tmp_path: Path, drawn: dict[Path, Any]
) -> None:
    made = pictures(tmp_path, 3, None).draw("v", [of_model("a"), of_model("b")])
    assert made == Drawn(why_none="it has no scores")
    assert not drawn


def test_a_file_that_changed_since_is_that_files_matter(
    tmp_path: Path, drawn: dict[Path, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise MediaError(Reason.DECODE_ERROR, "a.mp4: is text")

    monkeypatch.setattr(attention, "read_material", broken)
    made = pictures(tmp_path, 3).draw("v", [of_model("m")])
    assert made == Drawn(why_none="DECODE_ERROR: a.mp4: is text")


def test_out_is_made_and_must_be_a_folder(tmp_path: Path) -> None:
    pictures(tmp_path / "deep" / "out", 3)
    assert (tmp_path / "deep" / "out").is_dir()
    (tmp_path / "f").touch()
    with pytest.raises(InputError, match=r"f: is a file or lies in one; give a folder"):
        pictures(tmp_path / "f", 3)


def test_each_models_stores_are_opened_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its run writes into those that its pictures are read from."""
    opened: list[tuple[str, Path]] = []
    ran: list[tuple[str, object]] = []

    class Plan:
        segment = SegmentConfig()

        def __init__(self, config: PipelineConfig) -> None:
            self.name = str(config.model)

        def stores(self, root: Path) -> str:
            opened.append((self.name, root))
            return f"stores of {self.name}"

    def localize(paths: list[Path], plan: Plan, _: object, *, stores: object) -> Iterator[Result]:
        ran.append((plan.name, stores))
        return (replace(of_model(plan.name), file=str(path)) for path in reversed(paths))

    monkeypatch.setattr(attention, "plan_localization", Plan)
    monkeypatch.setattr(attention, "localize", localize)
    files, models = [Path("a.mp4"), Path("b.mp4"), Path("a.mp4")], [Path("one"), Path("two")]
    runs, found = localize_by_all(files, models, (), RuntimeConfig(tmp_path))
    assert opened == [("one", tmp_path), ("two", tmp_path)]
    assert ran == [("one", "stores of one"), ("two", "stores of two")]
    assert [run._stores for run in runs] == ["stores of one", "stores of two"]
    assert [[(r.file, r.model["name"]) for r in row] for row in found] == [
        [("a.mp4", "one"), ("a.mp4", "two")],
        [("b.mp4", "one"), ("b.mp4", "two")],
    ]
