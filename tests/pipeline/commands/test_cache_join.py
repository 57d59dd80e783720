"""`avel cache compare | merge`: what is said, and what the exit code says."""

import json
from pathlib import Path

import numpy as np
import pytest

from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store
from avel.pipeline.cli import main
from avel.pipeline.reasons import Reason
from avel.pipeline.work.failures import Failure, failures_of, folder_of
from tests.cache.items import arrays, assert_holds, fill, key, shards, store
from tests.cache.test_merge import spoil


def nudged(root: Path, recipe: dict[str, object], numbers: range, step: float) -> Store:
    """The items of `fill`, with 0.5 more in one number of each."""
    made = Store(root, "features", recipe)
    with made.writer() as writer:
        for number in numbers:
            moved = arrays(number)["visual"].copy()
            moved[0, 0] += step
            writer.add(key(number), {**arrays(number), "visual": moved})
    return made


@pytest.fixture
def two(tmp_path: Path) -> list[str]:
    """Two sets of one cache, of which the second lacks an item and moves a number by half."""
    one = fill(tmp_path, range(4))
    other = nudged(tmp_path, {"stage": "features", "n": 2}, range(1, 4), 0.5)
    marks = [one.fingerprint[:12], other.fingerprint[:12]]
    return ["cache", "compare", *marks, "--cache-dir", str(tmp_path)]


def test_differences_are_said_with_their_items(
    two: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(two) == 3
    out = capsys.readouterr().out.splitlines()
    assert out[:2] == ["3 items in both", f"1 items in A alone: {key(0)[:12]}"]
    assert out[2:4] == ["map: equal in 3 items", "mask: equal in 3 items"]
    assert out[4].startswith("visual: 3 of 3 items differ, by at most 0.5 (")
    assert out[5:] == ["they differ by more than --tolerance 0"]


def test_a_tolerance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, step in (("a", 0.0), ("b", 0.25)):
        nudged(tmp_path / name, {"stage": "features", "n": 1}, range(3), step)
    argv = ["cache", "compare", str(tmp_path / "a"), str(tmp_path / "b"), "--tolerance"]
    assert main([*argv, "0.26"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "alike"
    assert main([*argv, "0.24"]) == 3
    assert capsys.readouterr().out.splitlines()[-1] == "they differ by more than --tolerance 0.24"
    for wrong in ("-1", "nan", "inf", "x"):
        with pytest.raises(SystemExit) as caught:
            main([*argv, wrong])
        assert caught.value.code == 2


def test_names_are_those_of_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film, keys = tmp_path / "film.mp4", ContentKeys(tmp_path / "b")
    film.write_text("film")
    for name, value in (("a", 1.0), ("b", 3.0)):
        made = Store(tmp_path / name, "features", {"stage": "features"})
        with made.writer() as writer:
            writer.add(keys.key(film), {"x": np.full((1, 2), value)})
    assert main(["cache", "compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 3
    assert (
        f"x: 1 of 1 items differ, by at most 2 ({film}); relative 0.666667 ({film}); lowest cosine"
        in capsys.readouterr().out
    )


def test_as_json(two: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*two, "--json"]) == 3
    said = json.loads(capsys.readouterr().out)
    assert said["alike"] is False
    assert [said["a"][:12], said["b"][:12]] == two[2:4]
    assert said["items"] == {"both": 3, "only_a": [key(0)], "only_b": []}
    visual = said["arrays"]["visual"]
    assert visual["absolute"]["value"] == pytest.approx(0.5, abs=1e-6)
    assert visual["absolute"]["key"] in {key(n) for n in (1, 2, 3)}
    assert (visual["compared"], visual["unequal"]) == (3, 3)
    assert said["arrays"]["map"]["absolute"] == {"value": 0.0, "key": "", "item": ""}


def test_json_of_what_is_not_finite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in (("a", 1.0), ("b", np.nan)):
        made = Store(tmp_path / name, "features", {"stage": "features"})
        with made.writer() as writer:
            writer.add(key(1), {"x": np.full((1, 2), value)})
    argv = ["cache", "compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json"]
    assert main(argv) == 3
    said = json.loads(capsys.readouterr().out, parse_constant=lambda text: pytest.fail(text))
    assert said["arrays"]["x"]["absolute"]["value"] == "inf"


def test_shapes_and_arrays_of_one_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, extra in (("a", {"y": np.ones(2)}), ("b", {})):
        made = Store(tmp_path / name, "features", {"stage": "features"})
        for number in range(7):
            with made.writer() as writer:
                rows = 2 if name == "a" else 3
                writer.add(key(number), {"x": np.ones((rows, 1), np.float32), **extra})
    assert main(["cache", "compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 3
    out = capsys.readouterr().out
    assert "x: equal in 0 items\n  shape differs in 7 items: " in out
    assert " (2, 1) and (3, 1)" in out
    assert "y: equal in 0 items\n  in one of the two alone, of 7 items: " in out
    assert ", and 2 more" in out


def test_a_map_in_int8_is_compared_as_floats(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    narrow = {"visual_map": np.full((1, 2, 2), 127, np.int8), "visual_map_scale": np.full(1, 0.5)}
    wide = {"visual_map": np.full((1, 2, 2), 63.5, np.float16)}
    for name, given in (("a", narrow), ("b", wide)):
        made = Store(tmp_path / name, "features", {"stage": "features"})
        with made.writer() as writer:
            writer.add(key(1), given)
    assert main(["cache", "compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert "visual_map: equal in 1 items" in capsys.readouterr().out


def test_two_that_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "compare", "ab", "cd", "--cache-dir", str(tmp_path)]) == 4
    assert "0 stores match 'ab'" in capsys.readouterr().err


def test_merge_says_what_came(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = fill(tmp_path / "a", range(3))
    fill(tmp_path / "b", range(3, 5))
    argv = ["cache", "merge", str(tmp_path / "a"), str(tmp_path / "b"), "--cache-dir"]
    mark = f"features  {made.fingerprint[:12]}"
    assert main([*argv, str(tmp_path / "c")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{mark}  3 items in 1 shards from {tmp_path / 'a'}; 0 shards were there",
        f"{mark}  2 items in 1 shards from {tmp_path / 'b'}; 0 shards were there",
    ]
    assert_holds(store(tmp_path / "c"), 4)
    assert main([*argv, str(tmp_path / "c"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["from"], row["items"], row["there"]) for row in rows] == [
        (str(tmp_path / "a"), 0, 1),
        (str(tmp_path / "b"), 0, 1),
    ]


def test_merge_ends_with_3_where_something_was_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(shards(fill(tmp_path / "a", range(2)))[0])
    assert main(["cache", "merge", str(tmp_path / "a"), "--cache-dir", str(tmp_path / "b")]) == 3
    assert "damaged, left behind: " in capsys.readouterr().err


def test_merge_of_what_is_no_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "merge", str(tmp_path / "a"), "--cache-dir", str(tmp_path)]) == 4
    assert "a: holds no features, segments or scores" in capsys.readouterr().err


def test_merge_brings_what_failed_along(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """But of a video that has features here."""
    mark = fill(tmp_path / "a", range(2)).fingerprint
    fill(tmp_path / "b", range(2, 4))
    folder_of(tmp_path / "a", mark).mkdir(parents=True)
    for number in (2, 7):
        failures_of(tmp_path / "a", mark).add(
            Failure(Path(f"{number}.mp4"), key(number), Reason.TIMEOUT, "too slow")
        )
    argv = ["cache", "merge", str(tmp_path / "a"), "--cache-dir", str(tmp_path / "b")]
    assert main(argv) == 0
    assert "; 0 shards were there; 1 failures remembered\n" in capsys.readouterr().out
    assert [f.path.name for f in failures_of(tmp_path / "b", mark)] == ["7.mp4"]
    assert main([*argv, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["failures"] == 0
