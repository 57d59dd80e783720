"""Names on the command line to files: direct, folders, lists; never a URL."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.configs.text import UTF_8, NotUtf8, decode
from avel.pipeline.media import inputs
from avel.pipeline.media.inputs import LIST_SUFFIXES, expand
from avel.pipeline.media.suffixes import MEDIA_SUFFIXES
from avel.pipeline.reasons import InputError

stems = st.text("abcXYZ019-_ ü,&", min_size=1, max_size=8).filter(lambda s: s == s.strip())


def test_direct_names_are_kept_as_they_are_given(tmp_path: Path) -> None:
    """A missing file gets its own result; a strange suffix is the user's business."""
    names = [str(tmp_path / name) for name in ("none.mp4", "film.xyz", "-dash.mp4", "none.txt")]
    assert expand(names) == [Path(name) for name in names]
    assert expand(["-abcdefghij.mp4"]) == [Path("-abcdefghij.mp4")]
    assert expand([]) == []


def test_order_and_repetition_are_the_users(tmp_path: Path) -> None:
    b, a = tmp_path / "b.mp4", tmp_path / "a.mp4"
    a.touch(), b.touch()
    assert expand([str(b), str(tmp_path), str(b)]) == [b, a, b, b]


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(sorted(MEDIA_SUFFIXES)), min_size=1, max_size=6),
    st.lists(st.sampled_from([".txt", ".json", ".jpg", ".mp4.part", ""]), max_size=6),
    st.randoms(use_true_random=False),
)
def test_a_folder_gives_its_media_files_sorted(
    tmp_path_factory: pytest.TempPathFactory, media: list[str], other: list[str], rng: random.Random
) -> None:
    """However deep, whatever the case of the suffix; hidden files and other kinds are left out."""
    root = tmp_path_factory.mktemp("folder")
    expected = set()
    for number, suffix in enumerate(media + other):
        below = root.joinpath(*rng.choices(["x", "y"], k=rng.randrange(3)))
        below.mkdir(parents=True, exist_ok=True)
        is_media = number < len(media)
        path = below / f"{number}{suffix.upper() if rng.random() < 0.3 else suffix}"
        path.touch()
        (below / f".{number}.mp4").touch()
        if is_media:
            expected.add(path)
    said: list[str] = []
    found = expand([str(root)], said.append)
    assert set(found) == expected
    assert found == sorted(found)
    left_out = len(other) + sum(len(files) for _, _, files in os.walk(root)) - len(media + other)
    assert said[0].startswith(f"{root}: {left_out} file")


@settings(max_examples=40)
@given(st.lists(stems, min_size=1, max_size=8), st.sampled_from(sorted(LIST_SUFFIXES)))
def test_a_list_names_files_beside_itself(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], suffix: str
) -> None:
    folder = tmp_path_factory.mktemp("list")
    listing = folder / f"films{suffix}"
    listing.write_text("\n\n".join(f"  {name}.mp4 " for name in names) + "\n")
    assert expand([str(listing)]) == [folder / f"{name}.mp4" for name in names]


def test_a_list_may_name_absolute_paths_and_end_lines_as_windows_does(tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "b.mp4"
    listing = tmp_path / "FILMS.TXT"
    listing.write_bytes(f"a.mp4\r\n{other}\r\n".encode())
    assert expand([str(listing)]) == [tmp_path / "a.mp4", other]


def test_a_folder_with_a_lists_name_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "films.txt"
    folder.mkdir()
    (folder / "a.mkv").touch()
    assert expand([str(folder)]) == [folder / "a.mkv"]


@pytest.mark.parametrize("name", ["https://example.org/v.mp4", "rtsp://127.0.0.1/x", "s3://b/k"])
def test_urls_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{name}: only local files are read; download it first"):
        expand([name])
    listing = tmp_path / "l.txt"
    listing.write_text(f"a.mp4\n{name}\n")
    with pytest.raises(
        InputError, match=rf"l\.txt, line 2: only local files are read, not {name}; download it"
    ):
        expand([str(listing)])


def test_a_file_may_be_named_as_urls_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s3:").mkdir()
    (tmp_path / "s3:" / "b.mp4").touch()
    (tmp_path / "l.txt").write_text("s3://b.mp4\n")
    assert expand([f"{tmp_path}/l.txt"]) == [tmp_path / "s3:" / "b.mp4"]
    monkeypatch.chdir(tmp_path)
    assert expand(["s3://b.mp4"]) == [Path("s3:/b.mp4")]


def test_a_folder_without_media(tmp_path: Path) -> None:
    (tmp_path / "notes.md").touch()
    (tmp_path / ".hidden.mp4").touch()
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(
        InputError,
        match=r"no media file in this folder \(2 files left out: \.md \(1\), hidden \(1\)\); looked "
        r"for \.264 ",
    ):
        expand([str(tmp_path)])
    with pytest.raises(InputError, match=r"folder\.mp4: no media file in this folder; looked for"):
        expand([str(tmp_path / "folder.mp4")])


def test_what_is_left_out_of_a_folder_is_told(tmp_path: Path) -> None:
    for name in ("a.vob", "b.txt", "sub/c.Gif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    said: list[str] = []
    given = [str(tmp_path), str(tmp_path / "sub"), str(tmp_path / "a.vob")]
    assert len(expand(given, said.append)) == 4
    assert said == [f"{tmp_path}: 1 file left out: .txt (1)"]
    with pytest.warns(UserWarning, match="1 file left out"):  # whoever does not ask is told too
        expand([str(tmp_path)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "l.txt: the list names no file"),
        (b"\n \n\t\n", "l.txt: the list names no file"),
        (b"\xef\xbb\xbf\r\n", "l.txt: the list names no file"),
        (b"\xff\xfe\x00", r"l.txt, line 1: is UTF-16; save the file as UTF-8"),
        ("a.mp4\nb.mp4".encode("utf-16"), r"l.txt, line 1: is UTF-16; save the file as UTF-8"),
        ("a.mp4\nb.mp4".encode("utf-16-be"), r"l.txt, line 1: holds a zero byte"),
        (b"a.mp4\ncaf\xe9.mp4\n", r"l.txt, line 2: byte 0xE9 is no UTF-8; .* is 'café.mp4'"),
    ],
)
def test_lists_that_name_nothing(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "l.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        expand([str(tmp_path / "l.txt")])


def test_a_lists_mark_is_no_name(trials: Path) -> None:
    found = expand([str(trials / "list_bom.txt")])
    names = (trials / "list_bom.txt").read_text("utf-8-sig").split()
    assert found == [trials / name for name in names]


def test_names_in_a_list_are_bytes(tmp_path: Path) -> None:
    """What is there is meant, whatever encoding its name is in, and blanks at its ends."""
    names = [b"caf\xe9.mp4", b" blank .mp4 ", b"\xe2\x80\xa8line.mp4", b"\x0bpage.mp4", b"ok.mp4"]
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    (tmp_path / "l.txt").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(names) + b"\r\n  ok.mp4 ")
    found = expand([str(tmp_path / "l.txt")])
    assert [os.fsencode(path.name) for path in found] == [*names, b"ok.mp4"]
    assert all(path.exists() for path in found)


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'a\\x00b': no file's name holds a zero byte; give its"):
        expand(["a\0b"])
    with pytest.raises(InputError, match="an empty name is no file"):
        expand([""])
    longer = "x" * 300 + ".txt"
    assert expand([longer]) == [Path(longer)]
    (tmp_path / "l.txt").write_text(longer)
    assert expand([str(tmp_path / "l.txt")]) == [tmp_path / longer]


def test_a_list_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "l.txt").touch()
    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(InputError, match=r"l\.txt: cannot be read \(Permission denied\)"):
        expand([str(tmp_path / "l.txt")])


LINES = st.lists(
    st.sampled_from(
        [
            *(b"a.mp4", b" b.mp4 ", b"", b" ", b"\t", b"caf\xe9.mp4", "é.mp4".encode(), b"\0"),
            *(b"s3://k", b"/x/y.mp4", b"a\x0bb.mp4", b"c.mp4\r", b"\xc2\xa0d.mp4"),
            *(b"./e.mp4", b"f//g.mp4"),
        ]
    ),
    max_size=6,
)


@settings(max_examples=150)
@given(
    LINES,
    st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 16, inputs.BLOCK]),
)
def test_a_list_is_read_line_by_line_as_it_would_be_whole(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[bytes],
    mark: bytes,
    ends: bool,
    are_there: bool,
    block: int,
) -> None:
    """However many lines are looked at together."""
    folder = tmp_path_factory.mktemp("lines")
    for name in (b" b.mp4 ", b"caf\xe9.mp4", b"\t") if are_there else ():
        (folder / os.fsdecode(name)).touch()
    listing = folder / "l.txt"
    listing.write_bytes(mark + b"\n".join(lines) + b"\n" * ends)
    expected = whole(listing)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(inputs, "BLOCK", block)
        if isinstance(expected, str):
            with pytest.raises(InputError) as raised:
                expand([str(listing)])
            assert str(raised.value) == expected
        else:
            assert expand([str(listing)]) == expected


def whole(listing: Path) -> list[Path] | str:
    """The files of a list that is read at once, or the complaint about it."""
    raw = listing.read_bytes().removeprefix(UTF_8).split(b"\n")
    taken: list[tuple[bytes, bool]] = []
    for line in (each.removesuffix(b"\r") for each in raw):
        there = b"\0" not in line and os.path.lexists(
            os.path.join(os.fsencode(listing.parent), line)
        )
        taken.append((line, True) if there else (line.strip(), False))
    try:
        decode(listing, b"\n".join(b"" if there else name for name, there in taken))
    except NotUtf8 as err:
        return str(err)
    for number, (name, there) in enumerate(taken, 1):
        if b"://" in name and not there:
            return (
                f"{listing}, line {number}: only local files are read, not {os.fsdecode(name)}; "
                "download it first"
            )
    names = [os.fsdecode(name) for name, _ in taken if name]
    return [listing.parent / name for name in names] or f"{listing}: the list names no file"
