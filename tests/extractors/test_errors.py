"""What is said of a name that does not exist: all there are, and the one that was meant."""

import pytest

from avel.extractors.errors import ExtractorError, unknown

KNOWN = ("audioclip", "audioclip-tiny", "vgg19", "vggish")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("vgg-19", "vgg19"), ("vgish", "vggish"), ("audioclip_tiny", "audioclip-tiny")],
)
def test_a_near_name_is_offered(name: str, meant: str) -> None:
    error = unknown(f"no extractor '{name}'; there are", name, KNOWN)
    assert str(error) == (
        f"no extractor '{name}'; there are audioclip, audioclip-tiny, vgg19, vggish; "
        f"did you mean '{meant}'?"
    )


@pytest.mark.parametrize("name", ["", "resnet", "x"])
def test_a_name_that_is_like_none_gets_the_list_alone(name: str) -> None:
    text = str(unknown("there are", name, KNOWN))
    assert text == "there are audioclip, audioclip-tiny, vgg19, vggish"


def test_names_may_come_once_only() -> None:
    """They are listed and compared."""
    error = unknown("it has", "compil", (name for name in ("compile", "dense_map")))
    assert str(error) == "it has compile, dense_map; did you mean 'compile'?"


def test_nothing_known() -> None:
    assert str(unknown("it has", "compile", ())) == "it has "


def test_it_is_made_and_not_raised() -> None:
    """The caller raises it, so that the traceback begins there; and it is a wrong value."""
    error = unknown("x", "y", ())
    assert isinstance(error, ExtractorError)
    assert isinstance(error, ValueError)
    assert error.__traceback__ is None
