"""What labels teach that are suggested, beside labels of films that chance names: ../shared/real.

    python -m benchmarks.suggest [--clips ../shared/real] [--weights mn04_as_mAP_432.pt]

The films of `clips.tsv` are localized by the everyday model; of these results `avel dataset suggest`
names stretches, and films are labelled in its order, beside 200 random orders. After 5, 10, 15, 20
and 25 labels `avel teach` learns what they show (the groups of `benchmarks.real_transfer`; other
films show none of them). Printed is the share of the groups' films that are then known rightly: by
their label, or by the top event that is found in them. Twice: of the groups' films alone, and of all
films, half of which show none of what is to be learned. The weights of `suggest` were chosen on this.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from avel.models.taught import Looks
from avel.pipeline.annotations.space import points_of_features
from avel.pipeline.annotations.suggest import suggest
from avel.pipeline.annotations.windows import windows_of
from avel.pipeline.learning.labelled import Labelled
from avel.pipeline.learning.left_out import top_event
from avel.pipeline.learning.lesson import learn
from avel.pipeline.learning.teach import ordinary_looks
from avel.pipeline.method.plan import PipelineConfig, plan_localization
from avel.pipeline.method.run import localize
from avel.pipeline.work.runtime import RuntimeConfig, cache_root
from benchmarks.real_transfer import LOOSE, SHARED, read_films, renamed

COUNTS = (5, 10, 15, 20, 25)
DRAWS = 200


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=Path, default=SHARED / "real")
    parser.add_argument("--weights", type=Path, default=SHARED / "weights" / "mn04_as_mAP_432.pt")
    parser.add_argument("--cache-dir", type=Path)
    args = parser.parse_args()
    for needed in (args.clips / "clips.tsv", args.weights):
        if not needed.is_file():
            print(f"skipped: {needed} is not there")
            return
    cache, looks = cache_root(args.cache_dir)[0], ordinary_looks()
    films = read_films(args.clips, args.weights, cache, looks)
    group_of = {name: label for label, names in LOOSE.items() for name in names}
    print("| of films | labels | suggested | by chance, mean | 5 to 95 % of chance |")
    print("|---|---|---|---|---|")
    rng = np.random.default_rng(0)
    for pool in ([name for name in films if name in group_of], list(films)):
        order = suggested({name: films[name] for name in pool}, args.weights, cache)
        orders = [list(rng.permutation(pool)) for _ in range(DRAWS)]
        for count in COUNTS:
            ours = right(films, group_of, order[:count], looks)
            chance = [right(films, group_of, each[:count], looks) for each in orders]
            low, high = np.quantile(chance, (0.05, 0.95))
            words = f"{ours:.2f} | {np.mean(chance):.2f} | {low:.2f} to {high:.2f}"
            print(f"| {len(pool)} | {count} | {words} |", flush=True)


def suggested(films: Mapping[str, Labelled], weights: Path, cache: Path) -> list[str]:
    """Names of films in the order in which their first stretch is suggested."""
    plan = plan_localization(PipelineConfig(weights=(weights,)))
    results = list(localize([film.path for film in films.values()], plan, RuntimeConfig(cache)))
    windows = [window for n, result in enumerate(results) for window in windows_of(n, result)]
    names = [Path(result.file).stem for result in results]
    points = points_of_features(windows, lambda film: films[names[film]].features)
    assert points is not None
    found = suggest(windows, points, len(windows))
    return list(dict.fromkeys(names[each.window.film] for each in found))


def right(
    films: Mapping[str, Labelled],
    group_of: Mapping[str, str],
    labelled: Sequence[str],
    looks: Looks,
) -> float:
    """Share of films of groups that are labelled, or whose top event is right."""
    known = [renamed(films[name], group_of[name]) for name in labelled if name in group_of]
    if not known:
        return 0.0
    others = [_background(films[name]) for name in labelled if name not in group_of]
    lesson = learn([*known, *others], looks, {})
    answers = [
        name in labelled or top_event(lesson.events(films[name])) == label
        for name, label in group_of.items()
    ]
    return float(np.mean(answers))


def _background(film: Labelled) -> Labelled:
    """A film of which a person says that it shows none of the groups."""
    return replace(film, shows={}, rest=np.arange(len(film.vectors)))


if __name__ == "__main__":
    main()
