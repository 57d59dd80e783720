"""Names of results: a file's own, the same from run to run, and never another's."""

import errno
import json
import os
import subprocess
import sys
import tracemalloc
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.formats.folder import ResultFolder
from avel.pipeline.formats.index import EVENTS, INDEX, LISTED, Index, claim, index_of, keep_earlier
from avel.pipeline.formats.names import LONGEST, folded, told_apart
from avel.pipeline.reasons import EnvironmentProblem, InputError
from tests.pipeline.formats.results import NOT_UTF8, plain

JSON = (".json",)
PATHS = st.text(st.sampled_from("aA/.-2ü\udce9"), max_size=6)


def apart(file: str) -> str:
    return told_apart(os.path.join(os.getcwd(), file))


def test_a_file_keeps_its_own_name_where_no_other_has_it(tmp_path: Path) -> None:
    files = ["a/x.mp4", "b/x.mp4", "c/y.mp4", "x.avi"]
    assert claim(tmp_path, files, JSON) == ["x.mp4", apart("b/x.mp4"), "y.mp4", "x.avi"]
    assert apart("b/x.mp4").startswith("x.mp4-")


def test_a_later_run_of_another_file_takes_another_name(tmp_path: Path) -> None:
    """And each keeps its own, in any order, whichever comes alone."""
    assert claim(tmp_path, ["a/x.mp4"], JSON) == ["x.mp4"]
    assert claim(tmp_path, ["b/x.mp4"], JSON) == [apart("b/x.mp4")]
    assert claim(tmp_path, ["c/x.mp4", "b/x.mp4", "a/x.mp4"], JSON) == [
        apart("c/x.mp4"),
        apart("b/x.mp4"),
        "x.mp4",
    ]
    assert claim(tmp_path, ["a/x.mp4"], JSON) == ["x.mp4"]


def test_a_path_is_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same word from another folder is another file; a way through `..` may be one."""
    for folder in ("one", "two", "out"):
        (tmp_path / folder).mkdir()
    out = tmp_path / "out"
    monkeypatch.chdir(tmp_path / "one")
    assert claim(out, ["x.mp4", str(tmp_path / "one" / "x.mp4")], JSON) == ["x.mp4", "x.mp4"]
    monkeypatch.chdir(tmp_path / "two")
    assert claim(out, ["x.mp4", "../one/x.mp4"], JSON) == [apart("x.mp4"), apart("../one/x.mp4")]


def test_what_lies_there_is_nobodys_of_ours(tmp_path: Path) -> None:
    """A phone's own `x.mp4.json` beside the video, for one."""
    for name in ("x.mp4.json", "y.mp4.png", "Z.mp4.json"):
        (tmp_path / name).touch()
    files = ["x.mp4", "y.mp4", "z.mp4"]
    assert claim(tmp_path, files, JSON) == [apart("x.mp4"), "y.mp4", apart("z.mp4")]


def test_names_of_the_files_of_many_are_taken(tmp_path: Path) -> None:
    assert claim(tmp_path, [EVENTS, LISTED, "Events", "index"], JSON) == [
        apart(EVENTS),
        apart(LISTED),
        apart("Events"),
        apart("index"),
    ]


def test_no_name_leaves_its_folder(tmp_path: Path) -> None:
    files = ["../../etc/passwd", "/", "..", "a/.."]
    assert claim(tmp_path, files, JSON) == ["passwd", "video", apart(".."), apart("a/..")]


def test_capitals_and_forms_of_letters_do_not_tell_names_apart(tmp_path: Path) -> None:
    composed, split = (unicodedata.normalize(form, "Café.mp4") for form in ("NFC", "NFD"))
    files = ["Clip.MP4", "clip.mp4", composed, split]
    assert claim(tmp_path, files, JSON) == ["Clip.MP4", apart("clip.mp4"), composed, apart(split)]


@pytest.mark.parametrize("letter", ["a", "ü", "漢", "\udce9"])
def test_names_that_are_too_long_are_cut_and_still_one_each(letter: str, tmp_path: Path) -> None:
    long = os.fsdecode(os.fsencode(letter * 240)[:240])
    files = [f"{where}/{long}{end}" for where in "ab" for end in ("1.mp4", "2.mp4")]
    found = claim(tmp_path, files, JSON)
    assert len(set(found)) == 4
    for name in found:
        assert len(os.fsencode(name)) <= LONGEST + 13
        (tmp_path / f".{name}.attention.10.mp4.1234567.part").touch()
    assert claim(tmp_path, files[::-1], JSON) == found[::-1]


@given(st.lists(PATHS, max_size=30), st.lists(PATHS, max_size=30))
def test_all_names_are_one_each_and_stay(
    tmp_path_factory: pytest.TempPathFactory, first: list[str], second: list[str]
) -> None:
    out = tmp_path_factory.mktemp("out")
    names = dict(zip(first, claim(out, first, JSON), strict=True))
    names |= dict(zip(second, claim(out, second, JSON), strict=True))
    assert claim(out, list(names), JSON) == list(names.values())
    paths = {os.path.join(os.getcwd(), file) for file in names}
    assert len({folded(name) for name in names.values()}) == len(paths)
    assert all("/" not in name and name not in ("", ".", "..") for name in names.values())


def test_the_index_says_which_is_which(tmp_path: Path) -> None:
    claim(tmp_path, [NOT_UTF8], JSON)
    read = json.loads((tmp_path / INDEX).read_text())
    assert read["names"] == {NOT_UTF8: os.path.join(os.getcwd(), NOT_UTF8)}
    before = (tmp_path / INDEX).stat().st_ino
    claim(tmp_path, [NOT_UTF8], JSON)
    assert (tmp_path / INDEX).stat().st_ino == before, "what does not change is not written"


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"3", b'{"names": []}', b'{"other": {}}', b'{"names": {"a": 1}}', b"\xe9", b'{"together": {"a": "b"}}']
)  # fmt: skip
def test_an_index_of_somebody_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / INDEX).write_bytes(content)
    with pytest.raises(
        InputError, match=rf"{INDEX}: is not the index that avel writes there; move it away, or"
    ):
        claim(tmp_path, ["a.mp4"], JSON)
    assert (tmp_path / INDEX).read_bytes() == content


def test_an_index_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it nobody knows whose a name is."""

    def refused(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(EnvironmentProblem, match=r"cannot be read \(Permission denied\), so that"):
        claim(tmp_path, ["a.mp4"], JSON)


def test_many_of_one_name_are_no_square(tmp_path: Path) -> None:
    files = [f"{n}/x.mp4" for n in range(2000)]
    assert len(set(claim(tmp_path, files, JSON))) == 2000
    tracemalloc.start()
    claim(tmp_path, files, JSON)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


RUN = """
import sys
from pathlib import Path
from avel.pipeline.formats.index import claim
for number in range(20):
    claim(Path(sys.argv[1]), [f"{sys.argv[2]}/{n}.mp4" for n in range(number)], (".json",))
"""


def test_runs_beside_one_another_take_no_name_twice(tmp_path: Path) -> None:
    runs = [subprocess.Popen([sys.executable, "-c", RUN, tmp_path, word]) for word in "abc"]
    assert [run.wait() for run in runs] == [0, 0, 0]
    names = json.loads((tmp_path / INDEX).read_text())["names"]
    assert sorted(Path(path).parent.name for path in names.values()) == sorted([*"abc"] * 19)


# Files of many.


def localized(out: Path, *files: str) -> list[str]:
    said: list[str] = []
    with ResultFolder(out, files, warn=said.append) as folder:
        for file in files:
            folder.add(plain(file, events=1))
    return said


def rows(path: Path) -> list[str]:
    return [line.split(",")[0] for line in path.read_text().splitlines()[1:]]


def test_events_of_other_files_are_kept_and_it_is_said(tmp_path: Path) -> None:
    assert localized(tmp_path, "a/x.mp4", "a/y.mp4") == []
    said = localized(tmp_path, "b/x.mp4")
    assert said == [
        f"{tmp_path}/events.csv: had results of other files; kept as events-earlier.csv",
        f"{tmp_path}/videos.csv: had results of other files; kept as videos-earlier.csv",
    ]
    assert rows(tmp_path / "events.csv") == ["b/x.mp4"]
    assert rows(tmp_path / "events-earlier.csv") == ["a/x.mp4", "a/y.mp4"]
    assert json.loads((tmp_path / "x.mp4.json").read_text())["file"] == "a/x.mp4"
    assert json.loads((tmp_path / f"{apart('b/x.mp4')}.json").read_text())["file"] == "b/x.mp4"


def test_files_that_others_write_over_all_are_kept_too(tmp_path: Path) -> None:
    said: list[str] = []
    for file in ("a.mp4", "b.mp4"):
        with ResultFolder(tmp_path, [file], formats=[], warn=said.append, over=["index.html"]):
            pass
        (tmp_path / "index.html").write_text(file)
    assert said[-1].endswith("index.html: had results of other files; kept as index-earlier.html")
    assert (tmp_path / "index-earlier.html").read_text() == "a.mp4"


def test_a_run_of_the_same_files_and_more_replaces_them(tmp_path: Path) -> None:
    localized(tmp_path, "a.mp4", "b.mp4")
    assert localized(tmp_path, "c.mp4", "b.mp4", "a.mp4") == []
    assert rows(tmp_path / "events.csv") == ["c.mp4", "b.mp4", "a.mp4"]
    assert not list(tmp_path.glob("*earlier*"))
    assert localized(tmp_path, "a.mp4") != []


def test_what_is_kept_already_is_not_kept_again(tmp_path: Path) -> None:
    for _ in range(3):
        localized(tmp_path, "a.mp4")
        localized(tmp_path, "b.mp4")
    assert sorted(p.name for p in tmp_path.glob("events*")) == [
        "events-earlier-2.csv",
        "events-earlier.csv",
        "events.csv",
    ]


def test_somebody_elses_table_is_kept(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("mine\n")
    assert "events-earlier.csv" in localized(tmp_path, "a.mp4")[0]
    assert (tmp_path / "events-earlier.csv").read_text() == "mine\n"


def test_what_cannot_be_kept_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    localized(tmp_path, "a.mp4")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copy2", full)
    with pytest.raises(EnvironmentProblem, match=r"events.csv: cannot be written \(No space left"):
        localized(tmp_path, "b.mp4")
    assert rows(tmp_path / "events.csv") == ["a.mp4"]
    assert not list(tmp_path.glob("*earlier*"))


def test_nothing_to_keep(tmp_path: Path) -> None:
    assert keep_earlier(tmp_path / "events.csv", Index(), []) is None
    with index_of(tmp_path) as index:
        assert index == Index()
    assert not list(tmp_path.iterdir())
