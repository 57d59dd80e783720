"""What is read of models' sources is what the models say when they are loaded."""

import subprocess
import sys
from dataclasses import fields

import pytest

from avel.models.table import MATCHING, MODELS, option_names
from avel.pipeline.learning.options import CONFIGS, options_of, written_options


def test_the_same_models() -> None:
    assert CONFIGS.keys() == MODELS.keys() | MATCHING.keys()


@pytest.mark.parametrize("model", CONFIGS)
def test_the_same_options_with_the_same_defaults(model: str) -> None:
    _, config = (MODELS | MATCHING)[model]
    mirrored = options_of(model)
    assert [field.name for field in fields(mirrored)] == option_names(model)
    assert vars(mirrored()) == vars(config())
    assert written_options(model).keys() == set(option_names(model))


def test_what_the_source_says() -> None:
    said = written_options("dmsf")
    assert said["feature_dropout"].meaning.startswith("Share of the encoder's features")
    assert said["modalities"].kind == "Modalities"
    assert said["d_model"].default == "128"
    assert written_options("dmrn")["fusion"].default == "'residual'"  # its own
    assert written_options("dmrn")["hidden"].meaning.startswith("Units of each direction")  # base's


def test_nothing_slow_is_loaded() -> None:
    code = (
        "import sys; from avel.pipeline.learning.experiment import load_experiment;"
        "from pathlib import Path; load_experiment(Path('dmsf'));"
        "print(sorted({'torch', 'lightning', 'h5py', 'scipy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("model", CONFIGS)
def test_every_option_of_every_model_says_what_it_means(model: str) -> None:
    """`avel config NAME --describe` would else name a number and leave the reader with it."""
    silent = [name for name, option in written_options(model).items() if not option.meaning]
    assert not silent
    short = [n for n, option in written_options(model).items() if len(option.meaning.split()) < 4]
    assert set(short) <= {"num_classes"}  # "K, without background."
