"""Names on the command line to files: direct, folders, lists; never a URL."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.pipeline.media.inputs import LIST_SUFFIXES, MEDIA_SUFFIXES, expand
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
    found = expand([str(root)])
    assert set(found) == expected
    assert found == sorted(found)


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
    with pytest.raises(InputError, match=rf"l\.txt: only local files are read, not {name}; down"):
        expand([str(listing)])


def test_a_folder_without_media(tmp_path: Path) -> None:
    (tmp_path / "notes.md").touch()
    (tmp_path / ".hidden.mp4").touch()
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(InputError, match=r"no media file in this folder \(looked for \.3gp \.aac"):
        expand([str(tmp_path)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "l.txt: the list names no file"),
        (b"\n \n\t\n", "l.txt: the list names no file"),
        (b"\xff\xfe\x00", r"l.txt: is no list of paths \(not UTF-8 text\)"),
    ],
)
def test_lists_that_name_nothing(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "l.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        expand([str(tmp_path / "l.txt")])
