"""What is remembered of files: the last line about each, in little memory, from a file that may go."""

import json
import os
import tracemalloc
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.cache import sources
from avel.cache.sources import Known, Sources, line_of

KEY = "ab" * 32
NAMES = st.sampled_from(["/a.mp4", "/b, c.mp4", '/q", 1, 2, "r.mp4', "/ü\udcff.mp4", "/l\nf.mp4"])
KNOWN = st.builds(Known, st.integers(0, 2**40), st.integers(0, 2**62), st.just(KEY))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(NAMES, KNOWN), max_size=12),
    st.integers(0, 12),
    st.integers(0, 90),
    st.sampled_from([1, 200, sources.BLOCK]),
)
def test_the_last_line_about_a_file_counts(
    tmp_path_factory: pytest.TempPathFactory,
    said: list[tuple[str, Known]],
    before: int,
    torn: int,
    block: int,
) -> None:
    """Whether it was there at first or came later, however many are read at once."""
    path = tmp_path_factory.mktemp("memory") / "sources.jsonl"
    lines = [line_of(name, known) for name, known in said]
    whole = b"".join(lines)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sources, "BLOCK", block)
        path.write_bytes(whole[: len(b"".join(lines[:before])) + torn])  # one is just being written
        found = Sources(path)
        path.write_bytes(whole)
        found.grow()
    assert {name: found.of(name) for name in dict(said)} == dict(said)
    assert list(found.all()) == said
    assert found.of("/none.mp4") is None


@pytest.mark.parametrize(
    "line",
    [
        b'["torn',
        b"{}",
        b"",
        b"[1, 2]",
        b'["/a.mp4", "x", 2, "k"]',
        b'["/a.mp4", 1, null, "k"]',
        b"\xff\xfe",
        b'["/a.mp4", 1, 2, "k"',
    ],
)
def test_what_is_torn_or_foreign_is_skipped(tmp_path: Path, line: bytes) -> None:
    path, known = tmp_path / "sources.jsonl", Known(1, 2, KEY)
    path.write_bytes(line_of("/a.mp4", known) + line + b"\n" + line_of("/b.mp4", known))
    found = Sources(path)
    assert found.of("/a.mp4") == found.of("/b.mp4") == known


def test_lines_that_others_wrote_without_escapes_count_too(tmp_path: Path) -> None:
    path = tmp_path / "sources.jsonl"
    path.write_bytes(json.dumps(["/ü.mp4", 1, 2, KEY], ensure_ascii=False).encode() + b"\n")
    assert Sources(path).of("/ü.mp4") == Known(1, 2, KEY)


def test_names_of_one_mark_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_mark", lambda name: 7)
    path = tmp_path / "sources.jsonl"
    path.write_bytes(b"".join(line_of(f"/{n}", Known(n, n, KEY)) for n in (1, 2, 3, 2)))
    found = Sources(path)
    assert [found.of(f"/{n}") for n in (1, 2, 3)] == [Known(n, n, KEY) for n in (1, 2, 3)]
    assert found.of("/4") is None


def test_a_name_of_any_length(tmp_path: Path) -> None:
    path, name = tmp_path / "sources.jsonl", "/" + "ü" * 4_000
    path.write_bytes(line_of(name, Known(1, 2, KEY)) + line_of("/b", Known(3, 4, KEY)))
    assert Sources(path).of(name) == Known(1, 2, KEY)


def test_a_memory_that_is_gone_or_another_answers_nothing_wrong(tmp_path: Path) -> None:
    path = tmp_path / "sources.jsonl"
    assert Sources(path).of("/a.mp4") is None
    path.write_bytes(line_of("/b.mp4", Known(9, 9, KEY)) + line_of("/a.mp4", Known(1, 2, KEY)))
    found = Sources(path)
    os.unlink(path)
    assert found.of("/a.mp4") is None
    path.write_bytes(line_of("/a.mp4", Known(5, 6, KEY)))
    assert found.of("/a.mp4") is None, "it is not where it was"


def test_a_line_more_costs_16_bytes(tmp_path: Path) -> None:
    def held(count: int) -> int:
        path = tmp_path / f"{count}"
        with path.open("wb") as file:
            file.writelines(line_of(f"/media/{n:09d}.mp4", Known(n, n, KEY)) for n in range(count))
        tracemalloc.start()
        found = Sources(path)
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert found.of(f"/media/{count - 1:09d}.mp4") == Known(count - 1, count - 1, KEY)
        return size

    assert (held(3_000) - held(500)) / 2_500 < 24


def test_a_memory_that_was_begun_anew_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "sources.jsonl"
    path.write_bytes(b"".join(line_of(f"/{n}", Known(n, n, KEY)) for n in range(9)))
    found = Sources(path)
    path.write_bytes(line_of("/other", Known(1, 2, KEY)))
    found.grow()
    assert found.of("/other") == Known(1, 2, KEY)
    assert found.of("/3") is None


def test_a_line_that_is_finished_while_it_is_read_waits_for_the_next_look() -> None:
    """Else every line after it would be taken to begin too early."""
    one, two = (line_of(name, Known(1, 2, KEY)) for name in ("/one", "/two"))
    read = iter([[one, two[:7]], [two[7:], one], []])
    file = SimpleNamespace(seek=lambda start: None, readlines=lambda size: next(read))
    path = SimpleNamespace(open=lambda mode: nullcontext(file))
    assert list(sources._blocks(path)) == [(0, [one])]  # type: ignore[arg-type]
