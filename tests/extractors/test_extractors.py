"""The table of extractors: names, order, and what a wrong one is told."""

import pytest

from avel.extractors import EXTRACTORS, ExtractorError, choose


def test_names_are_those_of_the_declarations() -> None:
    assert list(EXTRACTORS) == [declared.name for declared in EXTRACTORS.values()]
    assert {"audioclip", "audioclip-tiny", "openclip", "vgg19", "vggish"} <= set(EXTRACTORS)
    assert not any("+" in name for name in EXTRACTORS), "a plus joins two of them"


def test_all_of_them_sense_something() -> None:
    assert all(declared.sees or declared.hears for declared in EXTRACTORS.values())


def test_choosing_is_by_the_table() -> None:
    chosen = choose("audioclip-tiny")
    assert chosen.recipe["extractor"] == "audioclip-tiny"
    with pytest.raises(
        ExtractorError, match=r"no extractor 'audioclip-tny'; there are audioclip, "
    ):
        choose("audioclip-tny")
