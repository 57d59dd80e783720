"""Memory that is given back: what is found, what is left alone, and that all goes on working."""

import sys
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.work import memory
from avel.pipeline.work.memory import Mapping, give_back_libraries, mappings

SMAPS = """\
7f0000000000-7f0000400000 r--p 00000000 fe:00 77 /usr/lib/libtorch_cuda.so
Size:               4096 kB
Rss:                2048 kB
Anonymous:             0 kB
VmFlags: rd mr mw me
7f0000400000-7f0000800000 r-xp 00400000 fe:00 77                     /opt/my libs/libcublas.so.13.1
Rss:                  64 kB
Anonymous:             4 kB
7f0000800000-7f0000a00000 rw-p 00000000 00:00 0
Rss:                 512 kB
Anonymous:           512 kB
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
"""
READ_ONLY = Mapping(0, 4096, "r--p", "/lib/libc.so.6", 4096, 0)


def resident_of_files() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssFile"))


def test_mappings_are_read_with_their_sizes() -> None:
    assert list(mappings(SMAPS.splitlines())) == [
        Mapping(0x7F0000000000, 0x7F0000400000, "r--p", "/usr/lib/libtorch_cuda.so", 2 << 20, 0),
        Mapping(
            0x7F0000400000,
            0x7F0000800000,
            "r-xp",
            "/opt/my libs/libcublas.so.13.1",
            64 << 10,
            4 << 10,
        ),
        Mapping(0x7F0000800000, 0x7F0000A00000, "rw-p", "", 512 << 10, 512 << 10),
        Mapping(0xFFFFFFFFFF600000, 0xFFFFFFFFFF601000, "--xp", "[vsyscall]", 0, 0),
    ]


def test_nothing_is_mapped_where_nothing_is_said() -> None:
    assert list(mappings([])) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"allowed": "rw-p"},  # may be written to
        {"allowed": "r--s"},  # is another process's, too
        {"own": 4096},  # was written to when the library was loaded
        {"path": "/data/cache.h5"},  # no library
        {"path": "/lib/libc.so.6 (deleted)"},
        {"path": ""},
    ],
)
def test_what_is_not_a_librarys_own_file_is_left_alone(changed: dict[str, object]) -> None:
    assert memory._is_unwritten_library(READ_ONLY)
    assert not memory._is_unwritten_library(READ_ONLY._replace(**changed))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is mapped")
def test_libraries_are_given_back_and_go_on_working() -> None:
    square = np.random.default_rng(0).normal(size=(64, 64))
    expected = np.linalg.inv(square)
    before = resident_of_files()
    given = give_back_libraries()
    after = resident_of_files()
    assert given > 1 << 20
    assert after < before - given // 2
    np.testing.assert_array_equal(np.linalg.inv(square), expected)


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert give_back_libraries() == 0


def test_a_kernel_that_does_not_say_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(self: Path) -> str:
        raise FileNotFoundError(self)

    monkeypatch.setattr(Path, "read_text", missing)
    assert memory._smaps() == []
