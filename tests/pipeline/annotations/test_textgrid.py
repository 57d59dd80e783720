"""TextGrids of Praat, in both forms and in its encodings."""

from pathlib import Path

import pytest
from praatio import textgrid

from avel.pipeline.reasons import InputError
from tests.pipeline.annotations.made import one, put, said

SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
10
<exists>
2
"IntervalTier"
"events"
0
10
3
0
1.5
""
1.5
3
"say ""wuff"" ! 5"
3
10
"  "
"TextTier"
"clicks"
0
10
1
4.25
"click"
"""
COUNTED = '"ooTextFile"\n"TextGrid"\n0 1 <exists> 1 "IntervalTier" "a" 0 1 {}\n'


def test_the_short_form(tmp_path: Path) -> None:
    sheet = one(put(tmp_path, "a.TextGrid", SHORT))
    assert said(sheet) == [(1.5, 3.0, 'say "wuff" ! 5'), (4.25, 4.25, "click")]
    assert [mark.place for mark in sheet.marks] == ["tier 'events', 2", "tier 'clicks', 1"]


@pytest.mark.parametrize("coding", ["utf-8", "utf-16", "utf-16-be", "utf-8-sig"])
def test_its_encodings(tmp_path: Path, coding: str) -> None:
    raw = SHORT.replace("click", "吠える").encode(coding)
    assert said(one(put(tmp_path, "a.TextGrid", raw)))[1][2] == "吠える"


@pytest.mark.parametrize("form", ["short_textgrid", "long_textgrid"])
def test_both_forms_as_another_program_writes_them(tmp_path: Path, form: str) -> None:
    made = textgrid.Textgrid(0, 10)
    entries = [(1.0, 2.5, "Bark [1]: x = 3"), (4.0, 6.0, 'a "b"')]
    made.addTier(textgrid.IntervalTier("dogs", entries, 0, 10))
    made.addTier(textgrid.PointTier("hits", [(3.0, "hit")], 0, 10))
    made.save(str(tmp_path / "a.TextGrid"), form, includeBlankSpaces=True)
    assert said(one(tmp_path / "a.TextGrid")) == [*entries, (3.0, 3.0, "hit")]


def test_one_tier_of_several(tmp_path: Path) -> None:
    path = put(tmp_path, "a.TextGrid", SHORT)
    assert said(one(path, "clicks")) == [(4.25, 4.25, "click")]
    with pytest.raises(
        InputError, match=r"a\.TextGrid: has no tier 'dogs'; there are 'events', 'c"
    ):
        one(path, "dogs")


def test_a_grid_without_tiers_says_that_nothing_happens(tmp_path: Path) -> None:
    head = SHORT.split("<exists>", maxsplit=1)[0]
    assert one(put(tmp_path, "a.TextGrid", head + "<absent>\n")).marks == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no TextGrid; save it in Praat by Save"),
        (SHORT.replace("TextGrid", "Sound"), "is no TextGrid"),
        (
            SHORT.rpartition('"click"')[0],
            r"its tiers cannot be read \(.*\); save it in Praat again",
        ),
        (SHORT.replace("TextTier", "MagicTier"), "tier 2 is of kind 'MagicTier', not one of"),
        (SHORT.replace("\n1.5\n3\n", '\n"x"\n3\n'), "its tiers cannot be read"),
        (COUNTED.format(10**15), r"\(tier 1 says that it has 10{15} entries\)"),
        (COUNTED.format(-5), r"\(tier 1 says that it has -5 entries\)"),
    ],
)
def test_what_is_wrong_with_it(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        one(put(tmp_path, "a.TextGrid", text))
