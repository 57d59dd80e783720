"""What `import avel` offers: the commands as functions, with strings or paths and plain values."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from avel.arguments import (
    File,
    How,
    HowToTrain,
    examples_of,
    files_of,
    labels_of,
    model_of,
    names_of,
    overrides_of,
    path_of,
    runtime_of,
    several,
    whole,
)
from avel.pipeline.method.decoders import Decoder, decoder_of
from avel.pipeline.method.extract import Features
from avel.pipeline.method.kept import Kept
from avel.pipeline.method.model import DEFAULT_MODEL, TrainedModel
from avel.pipeline.method.plan import (
    LocalizationPlan,
    PipelineConfig,
    Plan,
    open_localizer,
    plan_features,
    plan_localization,
)
from avel.pipeline.work.order import in_order
from avel.pipeline.work.runtime import RuntimeConfig
from avel.result import Result

if TYPE_CHECKING:
    from avel.pipeline.method.localizer import Localizer


MASKS = ("visual_mask", "audio_mask")


@dataclass(frozen=True)
class Extracted:
    """What extraction gives for one file.

    Attributes:
        file: Path as it was given.
        features: Arrays by segment: `visual` and `audio` (T, D), `visual_map` (T, P, C),
            `visual_mask` and `audio_mask` (T,); None where the file failed.
        reason: Reason code of a failure, else empty.
        message: The failure in words, else empty.
    """

    file: str
    features: Features | None
    reason: str = ""
    message: str = ""


def localize(
    files: File | Iterable[File],
    *,
    model: File | None = None,
    events: File | None = None,
    with_everyday: bool = False,
    labels: str | Iterable[str] | None = None,
    template: str = "{}",
    decoder: Decoder | None = None,
    threshold: float | None = None,
    extractor: str | None = None,
    weights: File | Iterable[File] = (),
    options: Mapping[str, Any] | None = None,
    **how: Unpack[How],
) -> Iterator[Result]:
    """Find the audio-visual events of videos; one `Result` per file, in their order.

    Arguments are checked by the call, and videos are read as results are asked for. A file that
    cannot be used gives a result with `status` "failed" and its reason; the others go on.

    Args:
        files: One file, folder or list (.txt), or several. A file is read once.
        model: "everyday" for real video, "synthetic" for drawn films, a checkpoint or a run folder;
            None for "everyday". The names win over files so called, which "./everyday" means.
        events: Table of events for the everyday model; None for its own.
        with_everyday: Whether everyday events are found beside those of a model of `avel teach`.
        labels: Words to localize with no training, in the place of a model: one, several, or a
            file of them.
        template: Prompt around a label, which goes where the braces are.
        decoder: How scores become events, "gate", "argmax", "ungated" or "hysteresis"; None for the
            model's own way.
        threshold: Of the gate or the hysteresis, between 0 and 1; None for the model's own, or for
            0.5 where another decoder is given.
        extractor: Encoder for `labels`, None for audioclip-tiny; a model's checkpoint says its own.
        weights: The encoder's weight files; none to look where weights are kept.
        options: The encoder's options by name, for `labels`.
        **how: How to work, which changes no result: see `avel.arguments.How`.

    Raises:
        TypeError: no such argument, or a value of a wrong type.
        InputError: a value or a folder cannot be used, or arguments do not go together.
        CheckpointError: the model is missing, damaged, or for other features.
        ConfigError: the table of events is wrong.
        WeightsError: weights are missing; of the everyday model's it says how to get them.
        CacheError: the cache cannot be read or written.
    """
    paths, runtime, words = files_of(files), runtime_of(localize, how), labels_of(labels)
    config = PipelineConfig(
        model=model_of(model),
        table=None if events is None else path_of("events", events),
        with_everyday=with_everyday,
        weights=tuple(map(Path, several("weights", weights))),
        labels=words,
        template=template,
        extractor=extractor,
        extractor_options=dict(options or {}),
        events=decoder_of(decoder, threshold),
    )
    return _localized(paths, plan_localization(config), runtime)


def _localized(
    paths: list[Path], plan: LocalizationPlan, runtime: RuntimeConfig
) -> Iterator[Result]:
    from avel.pipeline.method.run import localize as run

    with closing(run(paths, plan, runtime)) as results:
        yield from map(Result.of, in_order(results, map(str, paths), attrgetter("file")))


def extract(
    files: File | Iterable[File],
    *,
    extractor: str = "audioclip-tiny",
    weights: File | Iterable[File] = (),
    options: Mapping[str, Any] | None = None,
    frames: int | None = None,
    adapters: File | None = None,
    arrays: str | Iterable[str] | None = None,
    map_dtype: Literal["float16", "int8"] = "float16",
    **how: Unpack[How],
) -> Iterator[Extracted]:
    """Embed videos, through the cache; one `Extracted` per file, in their order.

    Args:
        files: As for `localize`.
        extractor: Name of an encoder, or two as `SIGHT+SOUND`.
        weights: Its weight files; none to look where weights are kept.
        options: Its options by name.
        frames: Per second; None for the encoder's own.
        adapters: Run folder with tuned adapters to apply.
        arrays: What is kept of the features, `("visual", "audio")`; None for all that the encoder
            gives. Others have no columns, or are None. A choice makes features of their own.
        map_dtype: How the map is kept: as it comes, or in int8 of half the size.
        **how: As for `localize`.

    Raises:
        TypeError, InputError, WeightsError, CacheError: as `localize`.
        ExtractorError: no such encoder or option.
    """
    paths, runtime = files_of(files), runtime_of(extract, how)
    from avel.extractors import AdaptedChoice, choose

    base = choose(extractor, [Path(file) for file in several("weights", weights)], options)
    frames = whole("frames", frames)
    tuned = None if adapters is None else path_of("adapters", adapters)
    encoder = base if tuned is None else AdaptedChoice(base, tuned)
    kept = Kept(names_of("arrays", arrays), map_dtype)
    plan = plan_features(encoder, {} if frames is None else {"frames_per_cell": frames}, kept)
    return _extracted(paths, plan, runtime, kept)


def _extracted(
    paths: list[Path], plan: Plan, runtime: RuntimeConfig, kept: Kept
) -> Iterator[Extracted]:
    from avel.pipeline.method.harvest import harvest
    from avel.pipeline.method.run import read_features, warn_of_damage

    stores = plan.stores(runtime.cache_dir)
    names = (*kept.arrays, *MASKS) if kept.arrays else None
    with closing(harvest(paths, stores, plan, runtime, check=None)) as outcomes:
        for outcome in in_order(outcomes, paths, attrgetter("path")):
            found = Extracted(str(outcome.path), None, str(outcome.reason or ""), outcome.message)
            if outcome.key and not outcome.reason:
                found = replace(found, features=read_features(stores.features, outcome.key, names))
            yield found
    warn_of_damage(stores.segments, stores.features)


def train(
    data: File,
    *,
    config: File = "dmsf",
    out: File | None = None,
    settings: Mapping[str, Any] | None = None,
    weights: File | Iterable[File] = (),
    resume: bool = False,
    half: bool = False,
    **how: Unpack[HowToTrain],
) -> dict[str, Any]:
    """Train a localization model on cached features; the numbers of its run.

    Accuracies are shares in [0, 1], times are seconds.

    Args:
        data: AVE-shaped dataset folder, whose features are in the cache: `extract` puts them there.
        config: YAML file, or name of a preset.
        out: Run folder; None for `runs/<config>-seed<seed>`.
        settings: Dotted names with values that win over the config, `{"train.epochs": 10}`.
        weights: The encoder's weight files.
        resume: Whether to go on from the run folder's last epoch.
        half: Whether to store the weights in 16 bits.
        **how: As for `localize`, and `devices` and `loaders`.

    Raises:
        TypeError: as `localize`.
        ConfigError: the config, a setting or its value is wrong.
        InputError: the dataset or its features are not there.
    """
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.learning.experiment import load_experiment

    preset, runtime = path_of("config", config), runtime_of(train, how, HowToTrain)
    experiment = load_experiment(preset, overrides_of(settings))
    rows = open_ave(path_of("data", data))
    folder = Path("runs") / f"{preset.stem}-seed{experiment.train.seed}"
    chosen = {"weights": [Path(file) for file in several("weights", weights)], "resume": resume}
    from avel.pipeline.learning.run import train_any  # after the arguments' errors: loads torch

    into = folder if out is None else path_of("out", out)
    return train_any(rows, experiment, runtime, into, half=half, **chosen)  # type: ignore[arg-type]


def teach(
    events: Mapping[str, Iterable[File | tuple[File, float, float]]],
    out: File,
    *,
    weights: File | Iterable[File] = (),
    **how: Unpack[How],
) -> dict[str, Any]:
    """Teach events by films that show them, into a model folder; how well they are found.

    Args:
        events: Films by the event's name, each a path, or a path with onset and offset in seconds;
            those of "background" show none.
        out: The folder, for `localize(model=...)`.
        weights: The weight files of the everyday model's encoder.
        **how: As for `localize`.

    Returns:
        Counts of films when each was left out, and `accuracy` in [0, 1] or None where none was.

    Raises:
        TypeError: an argument is none, or a film is no path.
        InputError: a film or a time cannot be used, or there is nothing to tell the events by.
        WeightsError: the encoder's weights are missing.
    """
    folder, runtime, files = (
        path_of("out", out),
        runtime_of(teach, how),
        several("weights", weights),
    )
    examples = examples_of(events)
    from avel.pipeline.learning.teach import teach as run

    judged = run(examples, folder, runtime, weights=[Path(file) for file in files]).judged
    return {**asdict(judged), "accuracy": judged.accuracy}


def evaluate(
    data: File,
    *,
    model: File | None = None,
    split: Literal["train", "val", "test"] = "test",
    protocol: str | None = None,
    **how: Unpack[How],
) -> dict[str, Any]:
    """All numbers of a trained model on a split of a dataset; accuracies are shares in [0, 1].

    Args:
        data: AVE-shaped dataset folder, whose features are in the cache.
        model: Checkpoint or run folder; None for the shipped one.
        split: Of the dataset.
        protocol: Accuracy as a published code base counts it, or "all"; None for our own numbers.
        **how: As for `localize`.

    Raises:
        TypeError: as `localize`.
        InputError: no such split or protocol; or the dataset has other classes, or no features of
            the model's recipe.
        CheckpointError: the model is missing or damaged.
    """
    from avel.pipeline.datasets.ave import open_ave
    from avel.pipeline.evaluation.run import check_question, evaluate_any

    check_question(split, protocol)
    run, runtime = _checkpoint(model), runtime_of(evaluate, how)
    trained, rows = TrainedModel(run), open_ave(path_of("data", data))
    return evaluate_any(rows, split, trained, runtime, run=run, protocol=protocol)


def open_model(model: File | None = None) -> "Localizer":
    """A model of any kind: what it knows, which features (T, ...) it reads, `score` to run it.

    Args:
        model: As for `localize`.

    Raises:
        CheckpointError: it is missing, damaged, or no checkpoint of avel.
        InputError: it finds no events.
        WeightsError: those of the everyday model are missing.
    """
    return open_localizer(PipelineConfig(model=model_of(model)))


def _checkpoint(model: File | None) -> Path:
    path = model_of(model)
    return DEFAULT_MODEL if path is None or str(path) == "synthetic" else path
