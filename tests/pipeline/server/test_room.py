import pytest

from avel.pipeline.server.problem import Problem
from avel.pipeline.server.room import ADDRESSES, Rate
from avel.pipeline.server.site import Site
from tests.pipeline.server.material import add, make_site


@pytest.mark.parametrize(
    ("limits", "size", "status", "reason", "said"),
    [
        ({"file_bytes": 10}, 11, 413, "TOO_LARGE", r"has 11 bytes; at most 10 are taken"),
        ({"films": 1}, 1, 507, "TOO_MANY_FILMS", r"there are 1 films, and at most 1 are kept"),
        (
            {"disk_bytes": 10},
            7,
            507,
            "DISK_LIMIT",
            r"films take 4 bytes; 7 more would be over the 10",
        ),
        (
            {"free_bytes": 1 << 60},
            1,
            507,
            "DISK_FULL",
            r"bytes free, of which 1152921504606846976 stay",
        ),
        ({"queue": 1}, 1, 429, "QUEUE_FULL", r"1 jobs wait, and at most 1 may"),
    ],
)
def test_what_there_is_no_room_for(
    tmp_path_factory: pytest.TempPathFactory,
    limits: dict[str, int],
    size: int,
    status: int,
    reason: str,
    said: str,
) -> None:
    folder = tmp_path_factory.mktemp("room")
    if "free_bytes" not in limits:
        site = make_site(folder, **limits)
        add(site)
    else:
        site = make_site(folder, **limits)
    with pytest.raises(Problem, match=said) as err:
        site.room.check(size)
    assert (err.value.status, err.value.reason) == (status, reason)


def test_what_there_is_room_for(site: Site) -> None:
    site.room.check(1_000)


def test_a_declared_size_takes_room_before_a_byte_came(tmp_path: pytest.TempPathFactory) -> None:
    site = make_site(tmp_path, disk_bytes=100)  # type: ignore[arg-type]
    site.uploads.begin("a.mp4", 60)
    with pytest.raises(Problem, match="films take 60 bytes; 60 more"):
        site.uploads.begin("b.mp4", 60)


def test_ten_gigabytes_are_refused_before_a_byte_came(site: Site) -> None:
    with pytest.raises(Problem, match="has 10000000000 bytes; at most 4294967296 are taken") as err:
        site.uploads.begin("a.mp4", 10**10)
    assert err.value.status == 413
    assert site.videos.totals() == (0, 0)


def test_bodies_at_once(tmp_path: pytest.TempPathFactory) -> None:
    room = make_site(tmp_path, uploads=2).room  # type: ignore[arg-type]
    with room.reading(), room.reading():
        with (
            pytest.raises(Problem, match="2 uploads are being read, and at most 2") as err,
            room.reading(),
        ):
            pass
        assert err.value.headers == {"Retry-After": "1"}
    with room.reading():
        pass


class Hand:
    """Of a clock."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_requests_a_minute() -> None:
    hand = Hand()
    rate = Rate(60, hand)
    for _ in range(60):
        rate.check("a")
    with pytest.raises(Problem, match="more than 60 requests a minute; try again in 2 s") as err:
        rate.check("a")
    assert err.value.headers == {"Retry-After": "2"}
    rate.check("b")
    hand.now += 3
    rate.check("a")
    rate.check("a")


def test_a_bucket_is_never_fuller_than_full() -> None:
    hand = Hand()
    rate = Rate(2, hand)
    rate.check("a")
    hand.now += 3_600
    rate.check("a")
    rate.check("a")
    with pytest.raises(Problem, match="more than 2 requests a minute"):
        rate.check("a")


def test_not_every_address_is_remembered() -> None:
    rate = Rate(10)
    for number in range(ADDRESSES + 10):
        rate.check(str(number))
    assert len(rate._left) == ADDRESSES
