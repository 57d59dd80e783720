"""Tables of trainings: what their rows are, and what a table cannot say."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avel.configs.load import ConfigError, load
from avel.pipeline.reasons import InputError
from avel.pipeline.studies.table import Ablation


def table(**rows: dict[str, Any]) -> Ablation:
    return Ablation("dmsf", rows or {"a": {}})


def test_a_row_after_one_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="after: there is no row 'AV'"):
        Ablation("dmsf.yaml", {"a": {}, "b": {"after": "AV"}})
    with pytest.raises(ValueError, match="row 'b' itself comes after another; one step only"):
        Ablation("dmsf.yaml", {"a": {}, "b": {"after": "a"}, "c": {"after": "b"}})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"rows": {}}, "an ablation needs at least one row and one seed"),
        ({"rows": {"a": {}}, "seeds": ()}, "an ablation needs at least one row and one seed"),
        ({"rows": {"A!": {}, "a?": {}}}, r"rows \['A!', 'a\?'\] must differ in letters or digits"),
    ],
)
def test_wrong_tables(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Ablation("dmsf", **table)


def test_settings_by_rank(tmp_path: Path) -> None:
    """A row's own win over those of all rows, which win over the base's."""
    ablation = Ablation(
        "dmsf",
        {"a": {}, "b": {"train.epochs": 4, "options.gate": False}},
        (5,),
        {"train.epochs": 3, "train.patience": 2},
    )
    a, b = (ablation.experiment(row, 5, tmp_path) for row in "ab")
    assert (a.train.epochs, a.train.patience, a.train.seed) == (3, 2, 5)
    assert (b.train.epochs, b.train.patience) == (4, 2)
    assert b.options == {**a.options, "gate": False}
    assert a.train.foreign_sound == 0.5  # the preset's


def test_a_row_has_a_base_of_its_own_and_one_to_start_from(tmp_path: Path) -> None:
    ablation = table(one={"base": "av_att"}, two={"base": "dmrn", "after": "one"})
    one, two = (ablation.experiment(row, 1, tmp_path) for row in ("one", "two"))
    assert (one.model, one.start) == ("av_att", "")
    assert (two.model, two.start) == ("dmrn", str(tmp_path / "one-seed1"))


def test_text_stays_text(tmp_path: Path) -> None:
    ablation = table(a={"start": "runs/a 1", "options.fusion": "concatenation"})
    experiment = ablation.experiment("a", 0, tmp_path)
    assert experiment.start == "runs/a 1"
    assert experiment.options["fusion"] == "concatenation"


@pytest.mark.parametrize(
    ("setting", "error", "message"),
    [
        ({"optoins.gate": False}, ConfigError, "unknown key 'optoins'; did you mean 'options'"),
        ({"options.gaet": False}, ConfigError, r"unknown key 'options\.gaet'; did you mean 'opti"),
        ({"base": "ablate_dmsf"}, ConfigError, "is a preset of another command"),
        ({"model": "dmin", "options": {}, "augment.mix": 0.5}, InputError, "two labels"),
    ],
)
def test_a_row_that_is_wrong_is_named_before_one_trains(
    tmp_path: Path, setting: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        table(a={}, b=setting).experiments(tmp_path)


def test_preset_rows_are_experiments() -> None:
    ablation = load(Path("ablate_dmsf"), Ablation)
    experiments = [ablation.experiment(row, 0, Path("o")) for row in ablation.rows]
    assert len({str(e) for e in experiments}) == len(experiments) == 13
    first = replace(ablation, rows=dict([next(iter(ablation.rows.items()))]))
    assert first.experiments(Path("o")).keys() == {(ablation.first, seed) for seed in (0, 1, 2)}
    assert ablation.first == "full, frozen encoder"


def test_only_tables_are_offered() -> None:
    with pytest.raises(
        ConfigError, match=r"dmsf: is a preset of another command; presets: abl"
    ) as e:
        load(Path("dmsf"), Ablation)
    assert "leaderboard" in str(e.value)
    assert "dmin" not in str(e.value)
