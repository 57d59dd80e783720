import json
from pathlib import Path

import pytest

from avel.pipeline.reasons import InputError
from avel.pipeline.server.settings import Limits, Settings


def test_they_go_to_a_worker_as_json() -> None:
    settings = Settings(
        Path("/a"), Path("/b"), devices=("cpu", "cuda"), weights=("/w.pt",), limits=Limits(films=3)
    )
    assert Settings.of_json(json.loads(json.dumps(settings.as_json()))) == settings


@pytest.mark.parametrize("name", ["file_bytes", "film_seconds", "films", "uploads", "queue"])
def test_a_limit_is_more_than_nothing(name: str) -> None:
    with pytest.raises(InputError, match=rf"{name} \(0\) must be greater than 0"):
        Limits(**{name: 0})


def test_a_disk_may_be_filled() -> None:
    assert Limits(free_bytes=0).free_bytes == 0
