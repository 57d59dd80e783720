"""`avel report` from end to end."""

import csv
import json
from pathlib import Path

import pytest

from avel.pipeline.batch.journal import VIDEOS
from avel.pipeline.cli import main
from avel.pipeline.formats.index import INDEX
from avel.pipeline.formats.json import document
from avel.pipeline.formats.table import FORMATS
from tests.pipeline.commands.said import refused
from tests.pipeline.report.material import everyday
from tests.pipeline.report.test_page import Page
from tests.pipeline.report.test_run_page import NUMBERS


def test_pages_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.mp4.json").write_text(document(everyday()))
    assert main(["report", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"wrote 1 page to {tmp_path}; {tmp_path}/index.html shows all\n"
    assert (tmp_path / "a.mp4.html").is_file()


def test_pages_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(document(everyday()))
    assert main(["report", str(tmp_path / "a.json"), "--out", str(tmp_path / "out")]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"a.mp4.html", "index.html", INDEX}


def test_what_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text("[1]")
    assert main(["report", str(tmp_path / "a.json")]) == 2
    assert "a.json: is no result of avel" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "text"), [("a.json", "[]"), ("a.jsonl", ""), ("a.jsonl", "\n")])
def test_a_file_without_any_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    code, said = refused(capsys, "report", tmp_path / name)
    assert (code, said) == (
        2,
        f"avel: {tmp_path / name}: holds no result; run `avel localize` again\n",
    )


@pytest.mark.parametrize("kinds", [("run", "run"), ("batch", "results"), ("batch", "batch")])
def test_pages_of_one_name_do_not_replace_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kinds: tuple[str, str]
) -> None:
    files = {"run": "metrics.json", "batch": VIDEOS, "results": "a.mp4.json"}
    texts = {"run": json.dumps(NUMBERS), "batch": "", "results": document(everyday())}
    folders = [tmp_path / name for name in ("one", "two")]
    for folder, kind in zip(folders, kinds, strict=True):
        folder.mkdir()
        (folder / files[kind]).write_text(texts[kind])
    code, said = refused(capsys, "report", *folders, "--out", tmp_path / "out")
    assert code == 2
    assert f"--out {tmp_path / 'out'}: pages of several runs have one name; leave it out" in said
    assert not (tmp_path / "out").exists()


def test_the_page_of_a_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps(NUMBERS))
    assert main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().err == f"wrote {tmp_path}/report.html\n"
    assert "87.5%" in (tmp_path / "report.html").read_text()


def test_every_format_beside_the_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under the names that the results have; those of all videos too."""
    for name, file in (("a.mp4", "x/a.mp4"), ("a.mp4-2", "y/a.mp4")):
        (tmp_path / f"{name}.json").write_text(document(everyday(file)))
    assert main(["report", str(tmp_path), "--format", "all"]) == 0
    names = {path.name for path in tmp_path.iterdir()}
    alone = {form.suffix for form in FORMATS.values() if not form.together}
    assert names >= {f"{name}{end}" for name in ("a.mp4", "a.mp4-2") for end in alone}
    assert names >= {f"events{form.suffix}" for form in FORMATS.values() if form.together}
    assert names >= {"videos.csv", "a.mp4.html", "a.mp4-2.html", "index.html"}
    rows = list(csv.DictReader((tmp_path / "events.csv").open(newline="")))
    assert [(row["file"], row["label"]) for row in rows] == [
        ("y/a.mp4", "Bark"),
        ("y/a.mp4", "Speech"),
        ("x/a.mp4", "Bark"),
        ("x/a.mp4", "Speech"),
    ]
    assert (tmp_path / "a.mp4-2.audacity.txt").read_text().startswith("0.000000\t2.000000\tBark\n")
    assert json.loads((tmp_path / "a.mp4-2.json").read_text())["file"] == "y/a.mp4"
    again = capsys.readouterr()
    assert main(["report", str(tmp_path), "--format", "srt,eaf", "--quiet"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == names
    assert again.out == capsys.readouterr().out == ""


def test_a_format_elsewhere_takes_no_others_name(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(document(everyday()))
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.mp4.srt").write_text("somebody's own")
    assert main(["report", str(tmp_path / "a.json"), "--out", str(out), "--format", "srt"]) == 0
    assert (out / "a.mp4.srt").read_text() == "somebody's own"
    assert len([*out.glob("*.srt")]) == 2


@pytest.mark.parametrize(
    ("what", "format", "message"),
    [
        ("a.json", "str", "format 'str' is none; did you mean 'srt'?"),
        ("run", "srt", "--format writes events of results; give a result's .json, or their folder"),
    ],
)
def test_a_format_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str, format: str, message: str
) -> None:
    (tmp_path / "a.json").write_text(document(everyday()))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(NUMBERS))
    code, text = refused(capsys, "report", tmp_path / what, "--format", format)
    assert (code, text) == (2, f"avel: {message}\n")
    assert not [*tmp_path.glob("**/*.html")]


def test_a_film_of_unknown_length(tmp_path: Path) -> None:
    """What a result does not know is null; its page is as long as its segments."""
    for number, lost in enumerate(("duration", "evidence_share", "in_domain")):
        given = {**json.loads(document(everyday(f"{number}.mp4"))), lost: None}
        (tmp_path / f"{number}.json").write_text(json.dumps(given))
    assert main(["report", str(tmp_path)]) == 0
    page = (tmp_path / "0.html").read_text()
    assert Page(page).data["duration"] == 4.0
    assert "not known, in 4 segments of 1 s" in page
    shown = Page((tmp_path / "index.html").read_text()).data
    assert [each["duration"] for each in shown] == [4.0, 3.5, 3.5]


def test_two_results_of_a_film_are_one_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(document(everyday("a.mp4")))
    assert main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().err.startswith(f"wrote 1 page to {tmp_path};")
    assert {path.name for path in tmp_path.glob("*.html")} == {"b.html", "index.html"}
