"""Events for given words: where sight and sound name one, and where they disagree."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from avel.extractors import Choice, PairChoice, choose
from avel.extractors.audioclip.declarations import AUDIOCLIP, AUDIOCLIP_TINY, AudioCLIPOptions
from avel.extractors.audioclip.joint import TINY, AudioCLIP
from avel.extractors.weights.files import Weights
from avel.pipeline.cli import main
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import find_disagreements
from avel.pipeline.method.labels import read_labels
from avel.pipeline.method.openvocab import OpenVocabulary
from avel.pipeline.method.prompts import CONTRAST
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
from avel.pipeline.reasons import InputError
from avel.pipeline.synth.script import SynthConfig, annotated_scripts, class_names
from tests.extractors.made import lite0_file, vggish_file
from tests.films import clicks, write_film
from tests.pipeline.method.test_localizer import features
from tests.pipeline.method.towers import features as films
from tests.pipeline.method.towers import pair

NAMES = class_names()


def test_unseen_videos_without_training(
    synth: Path, warm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(NAMES))
    code = main(
        [
            "localize",
            str(synth / "AVE"),
            "--cache-dir",
            str(warm),
            "--json",
            "--labels",
            str(labels),
        ]
    )
    results = json.loads(capsys.readouterr().out)
    assert code == 0
    scripts = {
        s.video_id: s
        for s in annotated_scripts(SynthConfig(num_videos=84, noisy_share=0, seed=777))
    }
    right = 0
    for result in results:
        script = scripts[Path(result["file"]).stem]
        for second in range(10):
            truth = {NAMES[c] for c, start, end in script.rows if start <= second < end}
            right += truth == {
                e["label"] for e in result["events"] if e["onset"] <= second < e["offset"]
            }
        for d in result["disagreements"]:
            for second in range(int(d["onset"]), int(d["offset"])):
                one = (script.heard if d["kind"] == "heard, not seen" else script.seen)[second]
                right -= NAMES[one] != d["label"]  # a wrong disagreement costs a second
    assert right >= 48


def test_one_label_alone_has_a_background(
    synth: Path, warm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A label that no video shows finds nothing, though it is the only choice."""
    scripts = annotated_scripts(SynthConfig(num_videos=84, noisy_share=0, seed=777))
    filmed = [s for s in scripts if (synth / "AVE" / f"{s.video_id}.mp4").exists()]
    shown = {c for s in filmed for c in (*s.seen, *s.heard)}
    absent = next(name for c, name in enumerate(NAMES) if c not in shown)
    assert (
        main(
            ["localize", str(synth / "AVE"), "--cache-dir", str(warm), "--json", "--labels", absent]
        )
        == 0
    )
    assert all(result["events"] == [] for result in json.loads(capsys.readouterr().out))


def test_attention_is_where_the_words_are() -> None:
    """The dense map's position that holds the label's vector gets the weight."""
    torch.manual_seed(0)
    model = AudioCLIP(TINY).eval()
    maps = torch.randn(1, 49, 512)
    dense = model.dense_map(maps)
    assert dense.shape == (1, 49, 128)
    pool = model.visual.attnpool
    expected = torch.nn.functional.linear(
        torch.nn.functional.linear(maps[0, 5], pool.v_proj.weight, pool.v_proj.bias),
        pool.c_proj.weight,
        pool.c_proj.bias,
    )
    torch.testing.assert_close(dense[0, 5], expected)


def scores(seen: list[list[float]], heard: list[list[float]]) -> SegmentScores:
    T = len(seen)
    zero = np.zeros(T, np.float32)
    return SegmentScores(
        zero,
        np.zeros((T, 3), np.float32),
        np.ones(T, bool),
        np.zeros((T, 49), np.float32),
        zero,
        zero,
        T - 0.5,
        (),
        seen=np.array(seen, np.float32),
        heard=np.array(heard, np.float32),
    )


def test_disagreements_are_runs_of_one_modality() -> None:
    found = find_disagreements(
        scores([[0.9, 0], [0.9, 0], [0, 0.9]], [[0.9, 0], [0.1, 0.8], [0.1, 0.8]]),
        ("bell", "bark"),
        EventConfig(),
    )
    assert [(d.onset, d.offset, d.label, d.kind) for d in found] == [
        (1.0, 2.0, "bark", "heard, not seen"),
        (1.0, 2.0, "bell", "seen, not heard"),
    ]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ((), "no label given"),
        (("Plain disc, hissing", " "), "an empty label names nothing"),
        ((NAMES[0], NAMES[0]), "is given twice; remove one"),
        (
            ("dog barking",),
            r"audioclip-tiny knows 28 names only .* not 'dog barking'; for any words give AudioCLIP's weights",
        ),
    ],
)
def test_bad_labels(labels: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        OpenVocabulary(labels, choose("audioclip-tiny"))


FULL = Choice(AUDIOCLIP, Weights(()), AudioCLIPOptions())
"""AudioCLIP chosen, its file not needed: labels are checked before anything is loaded."""


def test_a_label_longer_than_the_context() -> None:
    with pytest.raises(ValueError, match=r"has \d+ tokens, the text head reads 77; shorten it"):
        OpenVocabulary(("bark " * 90,), FULL)


def test_any_script_is_a_label() -> None:
    words = OpenVocabulary(("\N{DOG}", "犬の鳴き声", "собачий лай"), FULL)
    assert len(set(words.recipe["prompts"][:3])) == 3


def test_template() -> None:
    words = OpenVocabulary((NAMES[0],), choose("audioclip-tiny"), "the sound of {}")
    assert words.recipe["prompts"] == [f"the sound of {NAMES[0]}"]
    with pytest.raises(InputError, match=r"must hold \{\} once"):
        OpenVocabulary((NAMES[0],), choose("audioclip-tiny"), "a sound")


def test_other_words_are_other_scores() -> None:
    a, b = (OpenVocabulary((name,), choose("audioclip-tiny")).sha256 for name in NAMES[:2])
    assert a != b


def test_label_files(tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_text("dog barking\n\n church bell \n")
    assert read_labels([str(tmp_path / "l.txt")]) == ("dog barking", "church bell")
    assert read_labels(["dog barking", "church bell"]) == ("dog barking", "church bell")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"b\.txt, line 1: is UTF-16; save the file as UTF-8"):
        read_labels([str(tmp_path / "b.txt")])


def test_an_encoder_without_a_rest_lets_other_words_compete() -> None:
    """One label alone is not simply present: common sights and sounds take their share."""
    found = choose("audioclip-tiny")
    uncalibrated = replace(AUDIOCLIP_TINY, rest_cosines={})
    words = OpenVocabulary(
        (NAMES[0],), Choice(uncalibrated, found.weights, AudioCLIPOptions()), "a sound: {}"
    )
    prompts = words.recipe["prompts"]
    assert prompts == [f"a sound: {word}" for word in (NAMES[0], *CONTRAST)]
    vectors = words._sight.texts.embeddings.numpy()
    given = replace(features(len(prompts)), visual=vectors)
    shares = words._sight.shares(given)
    assert shares.shape == (len(prompts), 1)
    assert shares.argmax() == 0
    own, (_, *others) = shares[0, 0], shares[:, 0]
    assert own > max(others)
    assert own < 1


def test_audioclip_alone_is_as_it_was() -> None:
    """Golden numbers from before two encoders could be used: no shift, no hysteresis."""
    words = OpenVocabulary(tuple(NAMES[:3]), choose("audioclip-tiny"))
    assert words.sha256 == "2a31a8a62b1c3f11fc0eb88ac24abd971179cf2260c5e83e16c6114a8c4caada"
    assert words.decoder == EventConfig("gate", 0.5)
    (found,) = words.score([features(4, 3)], ScoreConfig())
    relevance = [7.041232e-07, 7.980574e-07, 0, 5.354770e-07]
    np.testing.assert_allclose(found.relevance, relevance, rtol=1e-3)
    np.testing.assert_allclose(found.classes[1], [0.264558, 0.666481, 0.06896, 0], rtol=1e-3)
    np.testing.assert_allclose(found.classes[2], [0, 0, 0, 1])
    assert words.heard_as(NAMES[0]) == {}


USABLE = r"--labels works with audioclip, audioclip-tiny, or an open_clip tower beside a sound enc"


def test_encoders_that_know_no_words(tmp_path: Path) -> None:
    """Each refusal says what lacks, and what works."""
    made = pair(tmp_path)
    lite0 = choose("efficientnet-lite0", [lite0_file(tmp_path)])
    vggish, tiny = choose("vggish", [vggish_file(tmp_path)]), choose("audioclip-tiny")
    assert isinstance(lite0, Choice)
    assert isinstance(vggish, Choice)
    assert isinstance(tiny, Choice)
    for encoder, message in (
        (PairChoice(lite0, made.sound), "lite0.mn04' knows no words: efficientnet-lite0 has no t"),
        (PairChoice(made.sight, vggish), "openclip.vggish' knows no words: vggish names no sound"),
        (PairChoice(tiny, made.sound), "audioclip-tiny knows its own names only, not those of t"),
        (made.sight, "extractor 'openclip' hears nothing"),
        (made.sound, "extractor 'mn04' knows no words: mn04 has no text tower"),
    ):
        with pytest.raises(InputError, match=message) as raised:
            OpenVocabulary((NAMES[0],), encoder)
        raised.match(USABLE)


def test_sound_of_classes_is_heard_in_its_context(tmp_path: Path) -> None:
    """Windows of sound as the everyday model's; AudioCLIP hears each second alone."""
    classes = OpenVocabulary(("dog",), pair(tmp_path / "a"))
    words = OpenVocabulary((NAMES[0],), pair(tmp_path / "b", sound="audioclip-tiny"))
    assert classes.segment.sound_seconds == (2, 10)
    assert (classes.segment.sample_rate, classes.segment.image_size) == (32_000, 64)
    assert words.segment.sound_seconds == ()
    assert (words.segment.sample_rate, words.segment.image_size) == (44_100, 64)


def test_both_senses_name_a_label(tmp_path: Path) -> None:
    """A made film: a dog seen and heard, then seen only, then a bell heard only."""
    words = OpenVocabulary(("dog", "church bell"), pair(tmp_path))
    dog, bell = words.texts.embeddings[:2].numpy()
    assert next(iter(words.heard_as("dog"))) == "Dog"
    assert next(iter(words.heard_as("church bell"))) == "Church bell"
    sounds = np.full((9, 2, 527), -12.0)
    number = {name: n for n, name in enumerate(words.encoder(()).audio_classes)}
    sounds[:5, :, number["Dog"]] = 9
    sounds[7:, :, number["Church bell"]] = 9
    given = films(9, seen=np.array([dog] * 7 + [-dog - bell] * 2), sounds=sounds)
    (found,) = words.score([given], ScoreConfig())
    told = words.find(found, EventConfig("hysteresis", 0.2))
    assert {e.label for e in told.events} == {"dog"}
    assert max(e.offset for e in told.events) <= 5
    assert "church bell" in {d.label for d in told.disagreements if d.kind == "heard, not seen"}
    assert {s.label for s in told.sounds} == {"Dog", "Church bell"}


def test_other_decoders_work_too(tmp_path: Path) -> None:
    words = OpenVocabulary(("dog", "church bell"), pair(tmp_path))
    (found,) = words.score([films(5)], ScoreConfig())
    gate = words.find(found, EventConfig("gate", 1e-6)).events
    assert gate
    assert all(a.offset <= b.onset for a, b in pairwise(gate))  # one after another


def test_a_film_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Decoded, cut, encoded, scored; and the same again from the cache."""
    made = pair(tmp_path)
    weights = [file.path for part in (made.sight, made.sound) for file in part.weights.files]
    film = write_film(
        tmp_path / "film.mkv",
        frame_times=[k / 5 for k in range(13)],
        samples=clicks(32_000 * 5 // 2, range(0, 80_000, 4_000)),
        sample_rate=32_000,
    )
    command = ["localize", str(film), "--cache-dir", str(tmp_path / "cache"), "--json"]
    command += ["--labels", "dog", "rain", "--extractor", "openclip+mn04"]
    command += [word for path in weights for word in ("--weights", str(path))]
    answers = []
    for _ in range(2):
        assert main(command) == 0
        (answer,) = json.loads(capsys.readouterr().out)
        answers.append(answer)
    first, again = answers
    assert first["model"]["name"] == "open vocabulary (openclip+mn04)"
    assert first["decoder"] == {"name": "hysteresis", "threshold": 0.4}
    assert first["segments"] == 3
    for key in ("events", "disagreements", "relevance", "top_classes"):
        assert first[key] == again[key]
