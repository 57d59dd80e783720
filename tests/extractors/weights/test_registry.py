"""The published files' record is whole and in its own form."""

import re
from pathlib import Path

from avel.extractors import EXTRACTORS
from avel.extractors.weights.files import sha256_of
from avel.extractors.weights.registry import GROUPS, OF_A_COPY, PUBLISHED, UNKNOWN, described


def test_every_entry_is_whole() -> None:
    for name, entry in PUBLISHED.items():
        assert entry.name == name
        assert entry.url.startswith("https://")
        assert entry.url.endswith("/" + name)
        assert (entry.sha256 is None) == (entry.num_bytes is None)
        assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256 or "0" * 64)
        assert (entry.num_bytes or 2e6) > 1_000_000
        assert entry.content
        assert entry.licence


def test_no_two_entries_are_the_same_file() -> None:
    known = [entry.sha256 for entry in PUBLISHED.values() if entry.sha256]
    assert len(set(known)) == len(known)
    assert len({entry.url for entry in PUBLISHED.values()}) == len(PUBLISHED)


def test_what_cannot_be_verified_says_so() -> None:
    doubts = {name: entry.doubt for name, entry in PUBLISHED.items() if entry.doubt}
    assert doubts == {
        "mn04_as_mAP_432.pt": OF_A_COPY,
        "mn05_as_mAP_443.pt": UNKNOWN,
        "mn10_as_mAP_471.pt": UNKNOWN,
        "mn20_as_mAP_478.pt": UNKNOWN,
        "yamnet.h5": UNKNOWN,
    }
    assert "cannot be verified" in UNKNOWN
    assert "third-party copy" in OF_A_COPY


def test_sizes_are_said_where_they_are_known() -> None:
    assert PUBLISHED["mn04_as_mAP_432.pt"].size == "4 MB"
    assert PUBLISHED["CLIP.pt"].size == "408 MB"
    assert PUBLISHED["yamnet.h5"].size == "size not known"


def test_groups_are_of_published_files() -> None:
    assert GROUPS["everyday"] == EXTRACTORS["mn04"].files
    assert all(name in PUBLISHED for names in GROUPS.values() for name in names)
    assert not GROUPS.keys() & PUBLISHED.keys()


def test_the_copy_that_is_known_is_the_one_beside_the_repository(real_weights: Path) -> None:
    entry = PUBLISHED["mn04_as_mAP_432.pt"]
    assert sha256_of(real_weights / entry.name) == entry.sha256
    assert (real_weights / entry.name).stat().st_size == entry.num_bytes


def test_what_extractors_look_for_can_be_fetched() -> None:
    for name in ("audioclip", "mn04", "mn05", "mn10", "mn20"):
        assert set(EXTRACTORS[name].files) <= PUBLISHED.keys()


def test_a_group_in_words() -> None:
    """Size of all its files, and each licence once."""
    assert described("everyday") == "4 MB, licence MIT"
