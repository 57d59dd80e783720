import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.cache.fingerprint import ContentKeys, Folders, canonical, file_sha256, fingerprint

RECIPES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30)
@given(st.dictionaries(st.text(), RECIPES, max_size=4))
def test_the_order_of_fields_does_not_count(recipe: dict[str, object]) -> None:
    turned = dict(reversed(recipe.items()))
    assert canonical(recipe) == canonical(turned)
    assert fingerprint(recipe) == fingerprint(turned)
    assert fingerprint({**recipe, "\0 one more": 1}) != fingerprint(recipe)


def test_the_fingerprint_is_sha256_of_canonical_json() -> None:
    recipe = {"b": [1, 0.5], "a": {"y": None, "x": "ü"}}
    text = '{"a":{"x":"\\u00fc","y":null},"b":[1,0.5]}'
    assert canonical(recipe) == text
    assert fingerprint(recipe) == hashlib.sha256(text.encode()).hexdigest()


def test_what_is_no_number_has_no_fingerprint() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        fingerprint({"x": float("nan")})


def test_file_sha256(tmp_path: Path) -> None:
    data = b"x" * 3_000_000
    (tmp_path / "a").write_bytes(data)
    assert file_sha256(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_a_pipe_that_takes_a_files_name_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    assert file_sha256(tmp_path / "a.mp4") == hashlib.sha256(b"").hexdigest()


def test_content_keys_follow_content(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"one")
    keys = ContentKeys(tmp_path / "cache")
    first = keys.key(video)
    assert first == hashlib.sha256(b"one").hexdigest()
    renamed = video.rename(tmp_path / "b.mp4")
    assert ContentKeys(tmp_path / "cache").key(renamed) == first
    renamed.write_bytes(b"two")
    os.utime(renamed, ns=(1, 1))
    assert keys.key(renamed) == hashlib.sha256(b"two").hexdigest()


def test_content_keys_survive_a_torn_memory(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"one")
    first = ContentKeys(tmp_path).key(video)
    with (tmp_path / "sources.jsonl").open("a") as file:
        file.write('["torn')
    assert ContentKeys(tmp_path).key(video) == first


@pytest.mark.parametrize(
    "name",
    [
        b"a\xe2\x80\xa8b.mp4",
        b"a\x85b\x1e.mp4",
        b"line\nbreak.mp4",
        b"no utf8 \xff\xfe.mp4",
        'ü \\ " é'.encode(),
    ],
)
def test_memory_of_content_is_used_whatever_the_name(tmp_path: Path, name: bytes) -> None:
    video = tmp_path / os.fsdecode(name)
    video.write_bytes(b"one")
    ContentKeys(tmp_path).key(video)
    memory = tmp_path / "sources.jsonl"
    assert memory.read_bytes().count(b"\n") == 1
    memory.write_text(memory.read_text().replace(hashlib.sha256(b"one").hexdigest(), "f" * 64))
    assert ContentKeys(tmp_path).key(video) == "f" * 64


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO])
def test_a_file_that_may_not_be_read_keeps_its_errno(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"one")
    real = os.open

    def refuse(name: object, *args: int) -> int:
        if name == str(video):
            raise OSError(number, os.strerror(number))
        return real(name, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        ContentKeys(tmp_path).key(video)
    assert caught.value.errno == number
    with pytest.raises(FileNotFoundError):
        ContentKeys(tmp_path).key(tmp_path / "none")


def test_without_a_memory_files_are_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video, root = tmp_path / "a.mp4", tmp_path / "file"
    video.write_bytes(b"one")
    root.write_text("no folder")
    assert ContentKeys(root).key(video) == hashlib.sha256(b"one").hexdigest()

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "open", refuse)
    assert ContentKeys(tmp_path).key(video) == hashlib.sha256(b"one").hexdigest()


def test_threads_share_the_memory(tmp_path: Path) -> None:
    videos = [tmp_path / f"{n}.mp4" for n in range(40)]
    for n, video in enumerate(videos):
        video.write_bytes(b"%d" % n)
    keys, found = ContentKeys(tmp_path), {}

    def hash_all(number: int) -> None:
        for video in orders[number]:
            found[number, video] = keys.key(video)

    orders = [videos, videos[::-1], videos[20:] + videos[:20]]
    threads = [threading.Thread(target=hash_all, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 120
    for (_, video), key in found.items():
        assert key == hashlib.sha256(video.stem.encode()).hexdigest()
    again = ContentKeys(tmp_path)
    assert again.names() == keys.names()
    assert all(again.remembered(video) == keys.key(video) for video in videos)


def test_a_process_asks_the_file_for_what_it_hashed_long_ago(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that its memory does not grow with the number of files."""
    monkeypatch.setattr("avel.cache.fingerprint.MOST_FRESH", 3)
    keys, videos = ContentKeys(tmp_path / "cache"), [tmp_path / f"{n}" for n in range(9)]
    for n, video in enumerate(videos):
        video.write_bytes(b"%d" % n)
        keys.key(video)
        assert len(keys._fresh) <= 3
    expected = [hashlib.sha256(b"%d" % n).hexdigest() for n in range(9)]
    with monkeypatch.context() as patched:  # what was hashed is not read again
        patched.setattr("avel.cache.fingerprint.file_sha256", lambda path: f"{path} was read")
        assert [keys.key(video) for video in videos] == expected
    assert set(keys.names()) == set(expected)
    videos[0].write_bytes(b"longer")
    assert keys.key(videos[0]) == hashlib.sha256(b"longer").hexdigest()


def test_what_cannot_be_remembered_is_hashed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avel.cache.fingerprint.MOST_FRESH", 2)
    keys, videos = ContentKeys(tmp_path / "cache"), [tmp_path / f"{n}" for n in range(5)]
    (tmp_path / "cache").write_text("no folder")
    for n, video in enumerate(videos):
        video.write_bytes(b"%d" % n)
    expected = [hashlib.sha256(b"%d" % n).hexdigest() for n in range(5)]
    assert [keys.key(video) for video in videos * 2] == expected * 2


def test_a_link_means_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir(), (tmp_path / "two").mkdir()
    for name in ("one", "two"):
        (tmp_path / name / "a.mp4").write_text(name)
    link, alias, folders = tmp_path / "link", tmp_path / "one" / "alias.mp4", Folders()
    link.symlink_to("one")
    alias.symlink_to("../two/a.mp4")
    assert folders.look(link / "a.mp4")[1] == str(tmp_path / "one" / "a.mp4")
    assert folders.look(alias)[1] == str(tmp_path / "two" / "a.mp4")
    assert folders.look(tmp_path / "one" / ".." / "two" / "a.mp4")[1] == str(tmp_path / "two/a.mp4")
    link.unlink()
    link.symlink_to("two")
    status, name = folders.look(link / "a.mp4")
    assert (status.st_size, name) == (3, str(tmp_path / "two" / "a.mp4"))


def test_names_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mp4").write_text("one")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("avel.cache.fingerprint.MOST_FOLDERS", 1)
    folders = Folders()
    for path in (Path("a.mp4"), Path("./a.mp4"), tmp_path / "a.mp4", Path("a.mp4")):
        assert folders.look(path)[1] == str(tmp_path / "a.mp4")
    assert len(folders._known) == 1
