"""Options of an encoding: what they may be, and what is said of those that may not."""

import pytest

from avel.extractors.audioclip.declarations import AudioCLIPOptions
from avel.extractors.errors import ExtractorError, unknown
from avel.extractors.options import EncodeOptions, make_options


def test_only_what_was_changed_counts() -> None:
    """So that a new option changes no old recipe."""
    assert EncodeOptions().chosen == {}
    assert EncodeOptions(compile=True).chosen == {"compile": True}
    options = AudioCLIPOptions(precision="bfloat16", until=3)
    assert options.chosen == {"precision": "bfloat16", "until": 3}


def test_options_from_a_mapping() -> None:
    made = make_options(AudioCLIPOptions, {"dense_map": True, "precision": "float16"}, "audioclip")
    assert made == AudioCLIPOptions(precision="float16", dense_map=True)
    assert make_options(EncodeOptions, {}, "vgg19") == EncodeOptions()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"speed": 2},
            r"^extractor 'x' has no option 'speed'; it has precision, compile, dense_ma",
        ),
        ({"precison": "float16"}, r"until; did you mean 'precision'\?$"),
        ({"compile": "yes"}, r"option compile='yes' has the wrong type, as in compile=false$"),
        ({"until": True}, r"option until=True has the wrong type, as in until=0"),
        ({"precision": "int4"}, r"precision 'int4' is none of float32, bfloat16, float16"),
        ({"precision": "bfloat"}, r"did you mean 'bfloat16'\?"),
        ({"until": 5}, r"option until=5 must be 0 \(features\) or a stage, 1 to 4"),
        ({"until": -1}, r"option until=-1 must be 0"),
    ],
)
def test_options_that_do_not_exist(given: dict[str, object], message: str) -> None:
    with pytest.raises(ExtractorError, match=message):
        make_options(AudioCLIPOptions, given, "x")


def test_a_name_that_nothing_is_near_to_gets_no_hint() -> None:
    error = unknown("no fruit 'xyz'; there are", "xyz", ["apple", "pear"])
    assert str(error) == "no fruit 'xyz'; there are apple, pear"
    assert isinstance(error, ValueError)
    near = unknown("no fruit 'peer'; there are", "peer", iter(["apple", "pear"]))
    assert str(near) == "no fruit 'peer'; there are apple, pear; did you mean 'pear'?"
