"""The published files' record is whole and in its own form."""

import re

from avel.extractors import EXTRACTORS
from avel.extractors.weights.registry import PUBLISHED


def test_every_entry_is_whole() -> None:
    for name, entry in PUBLISHED.items():
        assert entry.name == name
        assert entry.url.startswith("https://")
        assert entry.url.endswith("/" + name)
        assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
        assert entry.num_bytes > 1_000_000
        assert entry.content
        assert entry.licence


def test_no_two_entries_are_the_same_file() -> None:
    assert len({entry.sha256 for entry in PUBLISHED.values()}) == len(PUBLISHED)


def test_the_default_of_audioclip_can_be_fetched() -> None:
    assert set(EXTRACTORS["audioclip"].files) <= PUBLISHED.keys()
