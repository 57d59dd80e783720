from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.cache.shard import Shard
from avel.cache.snapshot import Snapshot

POOL = [bytes([prefix] * 8 + [tail] * 24) for prefix in range(4) for tail in range(4)]
"""Keys of which four have the same first eight bytes."""


def shard(name: str, keys: list[bytes]) -> Shard:
    return Shard(Path(name), np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 32))


SHARDS = st.dictionaries(
    st.text("abcd", min_size=1, max_size=3),
    st.lists(st.sampled_from(POOL), min_size=1, max_size=6, unique=True),
    max_size=6,
)


@settings(max_examples=60)
@given(SHARDS, st.randoms(use_true_random=False), st.sets(st.sampled_from(POOL)))
def test_it_finds_what_a_dictionary_finds_newest_first(
    made: dict[str, list[bytes]], rng: object, bad: set[bytes]
) -> None:
    names = list(made)
    rng.shuffle(names)  # type: ignore[attr-defined]
    condemned = {(name, key) for name in names[::2] for key in bad}
    snapshot = Snapshot()
    for at in range(0, len(names), 2):
        snapshot = snapshot.with_shards([shard(name, made[name]) for name in names[at : at + 2]])
    snapshot = snapshot.condemning(condemned)
    for key in POOL:
        expected = [
            (name, made[name].index(key))
            for name in sorted(names, reverse=True)
            if key in made[name] and (name, key) not in condemned
        ]
        assert [(s.name, row) for s, row in snapshot.find(key)] == expected
    listed = list(snapshot.keys())
    assert len(listed) == len(set(listed))
    assert set(listed) == {key for key in POOL if snapshot.find(key)}
    assert (np.diff(snapshot.prefixes.astype(object)) >= 0).all()


def test_another_replaces_it_and_it_stays() -> None:
    first = Snapshot().with_shards([shard("a", POOL[:2])])
    second = first.with_shards([shard("b", POOL[1:4])])
    third = second.condemning({("b", POOL[2])})
    assert not first.find(POOL[3])
    assert [s.name for s, _ in second.find(POOL[1])] == ["b", "a"]
    assert second.find(POOL[2])
    assert not third.find(POOL[2])
    assert third.condemning({("b", POOL[2])}) is third
    assert third.with_shards([]) is third


def test_shards_can_be_left_out() -> None:
    whole = Snapshot().with_shards([shard("a", POOL[:2]), shard("b", POOL[1:4])])
    left = whole.condemning({("a", POOL[0])}).without({"b"})
    assert list(left.keys()) == [POOL[1]]
    assert [(s.name, row) for s, row in left.find(POOL[1])] == [("a", 1)]
    assert not left.find(POOL[3])
    assert list(left.without({"a"}).keys()) == []
