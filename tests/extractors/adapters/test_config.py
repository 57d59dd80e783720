"""Where adapters may be, and how wide."""

import pytest

from avel.extractors import ExtractorError
from avel.extractors.adapters.config import AdapterConfig


@pytest.mark.parametrize(
    ("placement", "at_output", "stages"),
    [
        ("none", False, ()),
        ("output", True, ()),
        ("trunk", False, (2, 4)),
        ("both", True, (2, 4)),
    ],
)
def test_places(placement: str, at_output: bool, stages: tuple[int, ...]) -> None:
    """Stages in order and once each, however they were written."""
    config = AdapterConfig(placement, [4, 2, 4])  # type: ignore[arg-type]
    assert (config.at_output, config.trunk_stages) == (at_output, stages)


def test_none_is_the_default() -> None:
    assert AdapterConfig() == AdapterConfig("none", (3, 4), 4, 0.1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"placement": "inside"}, r"adapter\.placement 'inside' is none of none, output, trunk, b"),
        ({"placement": "outputs"}, r"did you mean 'output'\?"),
        ({"stages": (5,)}, r"adapter\.stages \[5\] must be some of 1, 2, 3, 4"),
        ({"stages": (0, 1)}, r"adapter\.stages \[0, 1\] must be some"),
        ({"stages": ()}, r"adapter\.stages \[\] must be some of 1, 2, 3, 4"),
        ({"reduction": 0}, r"adapter\.reduction 0 must be 1 or more"),
        ({"dropout": 1.0}, r"adapter\.dropout 1\.0 must be in \[0, 1\)"),
        ({"dropout": -0.1}, r"adapter\.dropout -0\.1 must be in"),
    ],
)
def test_settings_that_do_not_exist(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ExtractorError, match=message):
        AdapterConfig(**settings)  # type: ignore[arg-type]
