"""The presets: every one loads and builds, and holds the recipe that its name says."""

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

import avel.configs
from avel.configs.load import load
from avel.models.table import MODELS, build, loss_of
from avel.pipeline.learning.experiment import Experiment, check_experiment
from avel.pipeline.studies.ablate import Ablation

FOLDER = Path(next(iter(avel.configs.__path__)))
TABLES = {"leaderboard.yaml", "ablate_dmsf.yaml"}
OTHERS = {*TABLES, "everyday.yaml"}
TRAININGS = sorted(path.name for path in FOLDER.glob("*.yaml") if path.name not in OTHERS)


def preset(name: str) -> Experiment:
    return load(Path(name), Experiment)


def values(name: str) -> dict[str, object]:
    found = yaml.safe_load((FOLDER / name).read_text("utf-8"))
    train = found.pop("train")
    return {**found, **{f"train.{key}": value for key, value in train.items()}}


@pytest.mark.parametrize("name", TRAININGS)
def test_it_loads_and_its_model_is_built(name: str) -> None:
    experiment = preset(name)
    check_experiment(experiment)
    options = dict(experiment.options)
    if experiment.model in MODELS:
        options["supervision"] = experiment.supervision
        options = {k: v for k, v in options.items() if k != "supervision" or _has(experiment, k)}
        assert loss_of(experiment.model, experiment.supervision, corrected=False)
    model = build(experiment.model, options)
    assert sum(parameter.numel() for parameter in model.parameters()) > 10_000


def _has(experiment: Experiment, option: str) -> bool:
    return option in {field.name for field in fields(MODELS[experiment.model][1])}


@pytest.mark.parametrize("name", TRAININGS)
def test_a_comment_says_what_it_is(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8").startswith("# ")


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_row_of_a_table_is_an_experiment(table: str, tmp_path: Path) -> None:
    ablation = load(Path(table), Ablation)
    for row in ablation.rows:
        check_experiment(ablation.experiment(row, 0, tmp_path))


# Where a source says two things there is a preset for each.


@pytest.mark.parametrize(
    ("readme", "script", "conflict"),
    [
        ("magan.yaml", "magan_script.yaml", {"train.learning_rate": (1e-4, 7e-4)}),
        ("magan_weak.yaml", "magan_weak_script.yaml", {"train.batch_size": (128, 64)}),
    ],
)
def test_magans_readme_and_script(
    readme: str, script: str, conflict: dict[str, tuple[float, float]]
) -> None:
    a, b = values(readme), values(script)
    differences = {key: (a.get(key), b.get(key)) for key in a | b if a.get(key) != b.get(key)}
    assert differences == conflict


PUBLISHED = {
    # rate, batch, norm, milestones, seed, epochs: reference chapter 2
    "av_att.yaml": (1e-3, 64, 0, [15000], 3344, 300),
    "av_att_weak.yaml": (1e-3, 64, 0, [15000], 3344, 250),
    "dmrn.yaml": (1e-3, 64, 0, [15000], 3344, 300),
    "dmin.yaml": (5e-4, 32, 0.1, [10, 20, 30], 456, 200),
    "dmin_weak.yaml": (5e-4, 32, 0.5, [5, 20, 40], 666, 200),
    "magan.yaml": (1e-4, 64, 0.5, [10, 20, 30], 43, 200),
    "magan_weak.yaml": (6e-4, 128, 0.5, [10, 20, 40], 666, 200),
    "dcmr_a2v.yaml": (5e-4, 32, 0.1, [10, 20, 30], 700, 200),
    "dcmr_v2a.yaml": (5e-4, 32, 0.1, [10, 20, 30], 100, 200),
    "cmm.yaml": (1e-3, 8, 0, [], 0, 20),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_recipes(name: str) -> None:
    train = preset(name).train
    assert (
        train.learning_rate, train.batch_size, train.clip_norm, list(train.milestones), train.seed,
        train.epochs,
    ) == PUBLISHED[name]  # fmt: skip
    assert (train.optimizer, train.schedule, train.patience) == ("adam", "milestones", 0)
    assert train.milestone_unit == ("step" if name.startswith(("av_att", "dmrn")) else "epoch")
    unshuffled = name in ("av_att.yaml", "av_att_weak.yaml", "dmrn.yaml")
    assert (train.shuffle, train.drop_last) == (not unshuffled, unshuffled)
    assert not (preset(name).supervision == "weak" and train.splice), "splicing is ours"
    assert preset(name).supervision == ("weak" if "weak" in name else "full")
    assert preset(name).loss == "published"


def test_decoders_are_the_published_ones() -> None:
    found = {name: preset(name).decoder for name in PUBLISHED}
    assert {n for n, d in found.items() if d.decoder == "argmax"} == {
        "av_att.yaml", "av_att_weak.yaml", "dmrn.yaml",
    }  # fmt: skip
    assert found["magan.yaml"].threshold == 0.7
    assert found["dmin.yaml"].threshold == found["magan_weak.yaml"].threshold == 0.5


def test_dmsf_as_described_has_nothing_of_ours() -> None:
    experiment = preset("dmsf_paper.yaml")
    model = build("dmsf", experiment.options)
    config = model.config
    assert experiment.adapter.placement == "output"
    assert (config.projection, config.d_model) == (False, config.visual_dim)
    assert (config.head, experiment.decoder.decoder) == ("linear", "argmax")
    assert (config.alignment, config.mamba, config.attention, config.gate) == ("agva", 1, 1, 1)
    assert (config.fusion, config.prediction) == ("cic", "post")
    ours = (config.agreement, config.bidirectional, config.feature_dropout)
    assert ours == (False, False, 0.0)
    train = experiment.train
    assert (train.foreign_sound, train.sense_weight, train.mutual_weight) == (0.0, 0.0, 1.0)
    assert not experiment.augment.enabled
    names = {name.split(".")[0] for name, _ in model.named_parameters()}
    assert not names & {"agreement_in"}
    assert not [name for name in model.state_dict() if "backward_mamba" in name]


def test_dmsf_as_described_is_trained_as_ours_is() -> None:
    """So that the leaderboard compares models and not schedules."""
    for key in ("epochs", "learning_rate", "weight_decay", "batch_size", "patience", "schedule"):
        a, b = (getattr(preset(name).train, key) for name in ("dmsf.yaml", "dmsf_paper.yaml"))
        assert a == b, key
