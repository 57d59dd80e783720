"""A wrong name is told what there is, and what it may have meant."""

import pytest

from avel.extractors.errors import ExtractorError, unknown


@pytest.mark.parametrize(
    ("name", "hint"),
    [("vgg18", "; did you mean 'vgg19'?"), ("opencilp", "; did you mean 'openclip'?"), ("zzz", "")],
)
def test_a_near_name_is_proposed(name: str, hint: str) -> None:
    err = unknown(f"no extractor '{name}'; there are", name, iter(["vgg19", "openclip"]))
    assert isinstance(err, ExtractorError)
    assert isinstance(err, ValueError)
    assert str(err) == f"no extractor '{name}'; there are vgg19, openclip{hint}"
