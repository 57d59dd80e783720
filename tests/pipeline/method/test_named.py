"""Models by name: what a name means, and what a misspelt one probably means."""

from pathlib import Path

import pytest

from avel.pipeline.method.model import DEFAULT_MODEL, TrainedModel, checkpoint
from avel.pipeline.method.named import NAMED, named, nearest, refuse_attention
from avel.pipeline.reasons import InputError


@pytest.mark.parametrize("name", NAMED)
def test_a_name_wins_and_a_path_is_written_as_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    assert str(named(name)) == name
    assert named(f"./{name}") == tmp_path / name
    assert named(tmp_path / name) == tmp_path / name


@pytest.mark.parametrize("given", ["runs/mine", "mine.safetensors", "./mine", "/a/everyday"])
def test_anything_else_is_a_path(given: str) -> None:
    assert named(given) == Path(given)


def test_what_was_probably_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert nearest(Path("everday")) == "did you mean 'everyday'?"
    assert nearest(Path("sythetic")) == "did you mean 'synthetic'?"
    for other in ("everyday/model", "dmsf", "runs/everday", "./runs"):
        assert nearest(Path(other)) == ""
    (tmp_path / "everday").touch()
    assert nearest(Path("everday")) == ""


def test_names_as_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from avel.models.card import CheckpointError

    monkeypatch.chdir(tmp_path)
    assert checkpoint(Path("synthetic")) == TrainedModel(Path("synthetic")).path == DEFAULT_MODEL
    with pytest.raises(CheckpointError, match="everyday: has no checkpoint, since it is not train"):
        checkpoint(Path("everyday"))
    with pytest.raises(CheckpointError, match="everday: no such checkpoint; did you mean 'everyd"):
        TrainedModel(Path("everday"))


def test_only_the_everyday_model_is_known_to_look_nowhere() -> None:
    refuse_attention(Path("synthetic"))
    refuse_attention(Path("/runs/everyday"))
    with pytest.raises(
        InputError, match="everyday: judges pictures as a whole, so there is no att"
    ):
        refuse_attention(Path("everyday"))
