from pathlib import Path

import pytest

from avel.pipeline.server.problem import Problem
from avel.pipeline.server.site import Site


def test_the_one_that_was_given(site: Site) -> None:
    assert site.models.current == "everyday"
    assert site.models.place("everyday") == "everyday"
    assert [each["name"] for each in site.models.listed()] == ["everyday"]
    assert site.models.labels("everyday") == ["Bark", "Meow"]
    assert site.models.labels("no") == []


def test_a_path_is_called_by_its_last_name(site: Site) -> None:
    site.models.given("/somewhere/my model")
    assert site.models.current == "my model"
    assert site.models.place("my model") == "/somewhere/my model"


def test_a_taught_one_of_elsewhere_is_not_called_as_those_of_here(site: Site) -> None:
    site.models.given("/elsewhere/taught-1")
    assert site.models.current == "given taught-1"
    assert teach(site) == "taught-1"
    site.models.given("/elsewhere/taught-1")
    assert site.models.current == "taught-1"
    assert site.models.place("taught-1") == "/taught"
    assert site.models.place("given taught-1") == "/elsewhere/taught-1"


def test_one_that_was_taught_here_can_be_given(site: Site) -> None:
    teach(site)
    site.models.given("/taught")
    assert [each["name"] for each in site.models.listed()] == ["everyday", "taught-1"]
    assert site.models.current == "taught-1"


def teach(site: Site) -> str:
    with site.database.writing() as write:
        name = site.models.next_name(write)
        site.models.add(write, name, Path("/taught"), ["Gnome"])
    return name


def test_a_taught_one_is_the_current(site: Site) -> None:
    assert [teach(site), teach(site)] == ["taught-1", "taught-2"]
    assert site.models.current == "taught-2"
    assert site.models.labels("taught-2") == ["Gnome"]


def test_a_taught_one_stays_the_current_after_the_same_start(site: Site) -> None:
    teach(site)
    site.models.given("everyday")
    assert site.models.current == "taught-1"
    assert site.models.labels("everyday") == ["Bark", "Meow"]


def test_another_model_at_the_start_wins(site: Site) -> None:
    teach(site)
    site.models.given("synthetic")
    assert site.models.current == "synthetic"


def test_choosing(site: Site) -> None:
    teach(site)
    site.models.choose("everyday")
    assert site.models.current == "everyday"
    with pytest.raises(Problem, match="model 'no' is none; there are: everyday, taught-1"):
        site.models.choose("no")
