"""Numbers that were published for the systems on AVE's test split, with where they stand.

Reference chapter 5, in percent. Nearly all are of the epoch that was best on the test split, and
most use VGG-19 and VGGish features: they stand beside a leaderboard for orientation and are not
rows of it.
"""

SOURCES = {
    "R": "in the authors' released code, script or checkpoint name",
    "S": "in another paper's table or a public thread",
    "M": "from memory of the paper, not verified",
}

ACCURACY = {
    ("av_att", "full"): "72.7 [S]",
    ("av_att", "weak"): "66.7 [M]",
    ("dmrn", "full"): "73.1 [M]",
    ("dmin", "full"): "79.6 [M]",
    ("dmin", "weak"): "74.3 [M]",
    ("magan", "full"): "80.2 [R]",
}
"""Segment accuracy by model and supervision. DMSF's table is an image that cannot be had, and no
number of weakly supervised MAGAN was found."""

EXACT_STARTS = {
    ("cmm", "a2v"): "44.8 [M]",
    ("cmm", "v2a"): "35.6 [M]",
    ("dcmr", "a2v"): "54.2 [R]",
    ("dcmr", "v2a"): "54.5 [R]",
}
"""Cross-modality localization by model and direction; always answering the end has 46.8."""
