"""What a picture that is not square loses or gains by each way of fitting it into the square.

    python -m benchmarks.fits [FOLDER] [--fit FIT] [--upright] [--views N] [--weights FILE] [--cache-dir DIR]

The figures of `benchmarks.real` for the everyday model with `segment.fit` crop, squash and pad (or
those given), with so many squares beside the fitted picture (1, as its own recipe has); on the clips
as they are, or filmed upright: their middle, 9 wide and 16 high, as a phone that stood there would
have filmed it. Each fit takes its features anew: minutes.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import av

from avel.pipeline.report.table import markdown
from avel.pipeline.work.runtime import RuntimeConfig, cache_root
from benchmarks.real import BARS, SHARED, Bench, Clip, figures, read_clips

FITS = ("crop", "squash", "pad")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, default=SHARED / "real")
    parser.add_argument("--fit", choices=FITS, action="append")
    parser.add_argument("--upright", action="store_true", help="the clips' middle, 9 by 16")
    parser.add_argument("--views", type=int, default=1)
    parser.add_argument("--weights", type=Path, action="append", default=[])
    parser.add_argument("--cache-dir", type=Path)
    args = parser.parse_args()
    if not (args.folder / "clips.tsv").is_file():
        raise SystemExit(f"{args.folder}: has no clips.tsv; give a folder of labelled clips")
    runtime = RuntimeConfig(cache_dir=cache_root(args.cache_dir)[0])
    clips = read_clips(args.folder)
    with TemporaryDirectory() as folder:
        if args.upright:
            clips = [filmed_upright(clip, Path(folder)) for clip in clips]
        print(table(clips, args.weights, runtime, args.fit or FITS, args.views), flush=True)


def table(
    clips: list[Clip], weights: list[Path], runtime: RuntimeConfig, fits: Sequence[str], views: int
) -> str:
    """The figures of each fit."""
    rows = []
    for fit in fits:
        bench = Bench(clips, weights, runtime, {"fit": fit, "views": views})
        found = {clip.path: bench.events(clip, clip) for clip in clips}
        seen = bench.by_one_sense(lambda scores: replace(scores, heard=0 * scores.heard - 2.5))
        both = [*figures(clips, found).values(), figures(clips, seen)["top event right"]]
        rows.append([fit, *(f"{value:.2f}" for value in both)])
        print(*rows[-1], flush=True)
    return markdown(["fit", *BARS, "sight alone: top right"], rows)


def filmed_upright(clip: Clip, folder: Path) -> Clip:
    """The middle of a clip's picture, as high as it is and 9/16 as wide, with its sound."""
    path = folder / clip.path.name
    with av.open(str(clip.path)) as source, av.open(str(path), "w") as target:
        stream = source.streams.video[0]
        sound = next(iter(source.streams.audio), None)
        width = min(stream.width, round(stream.height * 9 / 32) * 2)
        height = stream.height // 2 * 2
        film = target.add_stream(
            "libx264", rate=stream.average_rate, options={"crf": "18", "preset": "veryfast"}
        )
        film.width, film.height, film.pix_fmt = width, height, "yuv420p"
        film.codec_context.time_base = stream.time_base
        heard = target.add_stream_from_template(sound) if sound else None
        crop = middle(stream, width, height)
        for packet in source.demux([s for s in (stream, sound) if s]):
            if packet.stream is sound:
                if packet.dts is not None:
                    packet.stream = heard
                    target.mux(packet)
                continue
            for frame in packet.decode():
                crop.push(frame)
                cropped = crop.pull()
                cropped.pict_type = 0
                target.mux(film.encode(cropped))
        target.mux(film.encode(None))
    return replace(clip, path=path)


def middle(stream: av.VideoStream, width: int, height: int) -> av.filter.Graph:
    """A filter that leaves the middle of each frame."""
    graph = av.filter.Graph()
    source = graph.add_buffer(template=stream)
    crop = graph.add("crop", f"{width}:{height}")
    source.link_to(crop)
    crop.link_to(graph.add("buffersink"))
    graph.configure()
    return graph


if __name__ == "__main__":
    main()
