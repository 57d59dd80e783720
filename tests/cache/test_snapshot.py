import hashlib
import tracemalloc
from itertools import pairwise
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
    assert len(snapshot) == len(listed) == len(set(listed))
    assert set(listed) == {key for key in POOL if snapshot.find(key)}
    for run in snapshot.runs:
        assert (np.diff(run.prefixes.astype(object)) >= 0).all()
    lengths = [len(run.prefixes) for run in snapshot.runs]
    assert sum(lengths) == sum(map(len, made.values()))
    assert all(2 * short <= long for long, short in pairwise(lengths))


def test_another_replaces_it_and_it_stays() -> None:
    first = Snapshot().with_shards([shard("a", POOL[:2])])
    second = first.with_shards([shard("b", POOL[1:4])])
    third = second.condemning({("b", POOL[2])})
    assert (len(first), len(second), len(third)) == (2, 4, 3)
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


def test_many_shards_one_after_another_move_each_item_few_times() -> None:
    """A copy of the whole index for each shard would move the first item 256 times."""
    snapshot, moved = Snapshot(), 0
    for number in range(256):
        keys = [hashlib.sha256(b"%d %d" % (number, row)).digest() for row in range(4)]
        before = set(map(id, snapshot.runs))
        snapshot = snapshot.with_shards([shard(f"{number:03d}", keys)])
        moved += sum(len(run.prefixes) for run in snapshot.runs if id(run) not in before)
    assert moved <= 256 * 4 * 10
    assert len(snapshot.runs) <= 10
    assert len(list(snapshot.keys())) == 256 * 4
    key = hashlib.sha256(b"17 3").digest()
    assert [(s.name, row) for s, row in snapshot.find(key)] == [("017", 3)]


def test_keys_take_no_memory_for_what_was_made_once() -> None:
    """A set of all of them would take 150 bytes each."""
    keys = [hashlib.sha256(b"%d" % n).digest() for n in range(6_000)]
    snapshot = Snapshot().with_shards([shard("a", keys[:4_000]), shard("b", keys[3_990:])])
    tracemalloc.start()
    assert sum(1 for _ in snapshot.keys()) == 6_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * 6_000
