"""Films into training, validation and test."""

from collections import Counter
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.annotations.splits import splits_of

LABELS = "abcd"


def key(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()


FILMS = st.lists(st.sets(st.sampled_from(LABELS), max_size=2), max_size=60).map(
    lambda films: {key(number): shown for number, shown in enumerate(films)}
)


@given(FILMS)
def test_every_film_has_one_split_whatever_the_order(films: dict[str, set[str]]) -> None:
    found = splits_of(films)
    assert found.keys() == films.keys()
    assert {*found.values()} <= {"train", "val", "test"}
    assert splits_of(dict(reversed(films.items()))) == found


@given(FILMS)
def test_films_that_show_nothing_are_trained_on(films: dict[str, set[str]]) -> None:
    assert all(split == "train" or films[name] for name, split in splits_of(films).items())


def test_each_label_has_its_tenths() -> None:
    films = {key(n): {"abc"[n % 3]} for n in range(90)}
    found = splits_of(films)
    for label in "abc":
        own = Counter(found[name] for name, shown in films.items() if label in shown)
        assert own == {"train": 24, "val": 3, "test": 3}


def test_few_films_are_all_trained_on_and_a_larger_share_holds_some_out() -> None:
    films = {key(n): {"a"} for n in range(4)}
    assert {*splits_of(films).values()} == {"train"}
    assert Counter(splits_of(films, 0.25).values()) == {"train": 2, "val": 1, "test": 1}
    assert {*splits_of(films, 0).values()} == {"train"}
    assert Counter(splits_of({key(n): {"a"} for n in range(5)}).values()) == {
        "train": 3,
        "val": 1,
        "test": 1,
    }


def test_rare_labels_choose_first() -> None:
    """The rare one has its tenth although each of its films shows the common one too."""
    films: dict[str, set[str]] = {key(n): {"a"} for n in range(90)}
    films |= {key(n): {"a", "b"} for n in range(90, 100)}
    found = splits_of(films)
    both = Counter(found[key(n)] for n in range(90, 100))
    assert both == {"train": 8, "val": 1, "test": 1}
    assert Counter(found.values()) == {"train": 80, "val": 10, "test": 10}


def test_one_more_film_changes_the_split_of_few_others() -> None:
    films = {key(n): {"a"} for n in range(50)}
    before, after = splits_of(films), splits_of(films | {key(50): {"a"}})
    assert sum(before[name] != after[name] for name in films) <= 2
