import threading
from pathlib import Path

import pytest

from avel.cache.layout import write_shard
from avel.cache.mapped import MappedShards
from avel.cache.shard import Shard, open_shard
from tests.cache.items import arrays, assert_same, item

MARK = "f" * 64


@pytest.fixture
def many(tmp_path: Path) -> list[Shard]:
    made = []
    for number in range(6):
        write_shard(tmp_path / f"{number}.h5", [item(number)], MARK)
        made.append(open_shard(tmp_path / f"{number}.h5", MARK))
    return made


def maps(folder: Path) -> int:
    return Path("/proc/self/maps").read_text().count(str(folder))


def test_maps_are_bounded_and_views_outlive_them(tmp_path: Path, many: list[Shard]) -> None:
    mapped = MappedShards(2)
    kept = mapped.of(many[0]).read(0, None)
    for shard in many:
        mapped.of(shard)
        assert len(mapped) <= 2
    assert maps(tmp_path) == 3  # two, and the one in use
    assert_same(kept, arrays(0))
    del kept
    assert maps(tmp_path) == 2


def test_the_least_used_is_given_up(many: list[Shard]) -> None:
    mapped = MappedShards(2)
    first, second = mapped.of(many[0]), mapped.of(many[1])
    assert mapped.of(many[0]) is first
    mapped.of(many[2])
    assert mapped.of(many[0]) is first
    assert mapped.of(many[1]) is not second


def test_threads_share_them(many: list[Shard]) -> None:
    mapped, wrong = MappedShards(2), []

    def read(start: int) -> None:
        for step in range(60):
            number = (start + step) % 6
            try:
                assert_same(mapped.of(many[number]).read(0, None), arrays(number))
            except BaseException as err:
                wrong.append(err)

    threads = [threading.Thread(target=read, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(mapped) <= 2


def test_none_is_no_number_of_maps() -> None:
    with pytest.raises(ValueError, match=r"the number of mapped shards \(0\) must be at least 1"):
        MappedShards(0)
