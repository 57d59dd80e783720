"""Decode and segment: CPU time beside the floor, a naive reader and other decoders, in one run.

    python -m benchmarks.decode

Floor: demux and decode every frame of both streams with PyAV on one thread, convert nothing.
Naive: PyAV with `to_image` and PIL's resize of every frame, and a second pass for the sound.
Others (torchcodec, decord, OpenCV, where they import) do the video alone: the same frames, scaled
and cropped. Each figure is the least CPU time of several repeats.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from avel.pipeline.media.cells import SegmentConfig, Segments, join
from avel.pipeline.media.decoder import Decoders
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.media.messages import Window
from avel.pipeline.media.segment import segment_video, segment_whole

SHARED = Path(__file__).resolve().parents[2] / "shared" / "media"
CPUCLOCK_SCHED = 2
REAL = ("applausing.mp4", "boat.mp4", "dog_barking.mp4", "nasa_13013.mp4")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--ours", action="store_true", help="the floor and avel alone, F=1")
    parser.add_argument("--long", action="store_true", help="also a two-hour file: peak memory")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        return read_long(args.child)
    with tempfile.TemporaryDirectory() as folder:
        files = [SHARED / name for name in REAL if (SHARED / name).exists()]
        for name in REAL:
            if SHARED / name not in files:
                print(f"{name}: not measured; it is not in {SHARED}", file=sys.stderr)
        files += [film(Path(folder) / f"{h}p.mp4", h) for h in (360, 720)]
        compare(files, args.repeats, ours=args.ours)
        if args.long:
            measure_long(Path(folder))
    return None


def measure_pools(file: Path) -> None:
    """How long until two children have begun, and what each holds after a file."""
    for state in ("cold", "warm"):
        since = time.perf_counter()
        with Decoders(SegmentConfig(1), DecodeLimits(2)) as decoders:
            for number in range(2):
                decoders.start(number, file)
            begun = time.perf_counter() - since
            list(finish(decoders))
            sizes = [f"{held_mb(lane.child.pid):.0f}" for lane in decoders._lanes]
        print(f"a {state} pool of two: {1000 * begun:.0f} ms, {' and '.join(sizes)} MB resident")


def held_mb(pid: int) -> float:
    """Resident memory of a process, what it shares with others among it."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def compare(files: list[Path], repeats: int, *, ours: bool) -> None:
    measure_pools(files[0])
    with Decoders(SegmentConfig(1), DecodeLimits()) as decoders:
        decoders.start(0, files[0])  # the child is there before anything is measured
        list(finish(decoders))
        compare_with(decoders, files, repeats, ours=ours)


def compare_with(decoders: Decoders, files: list[Path], repeats: int, *, ours: bool) -> None:
    methods: dict[str, Callable[[Path], object]] = {
        "floor": floor,
        "avel F=1": lambda path: segment_whole(path, SegmentConfig(1)),
        "avel F=1 in a child": lambda path: apart(decoders, path),
    }
    if not ours:
        methods |= {
            "avel F=4": lambda path: segment_whole(path, SegmentConfig(4)),
            "naive PyAV": naive,
            "avel F=1 video": lambda path: video_only(path, 1),
            **others(files[0]),
        }
    print("CPU milliseconds, one thread; in brackets the ratio to the floor\n")
    print("| file | " + " | ".join(methods) + " |")
    print("|---" * (len(methods) + 1) + "|")
    ratios: dict[str, list[float]] = {name: [] for name in methods}
    different = [path.name for path in files if not same_bits(path)]
    for path in files:
        child = decoders._lanes[0].child.pid
        times = least(methods, path, repeats, child)
        cells = []
        for name, seconds in times.items():
            ratios[name].append(seconds / times["floor"])
            cells.append(f"{1000 * seconds:.0f} ({seconds / times['floor']:.2f})")
        print(
            f"| {path.name}{' DIFFERENT BITS' if path.name in different else ''} | "
            f"{' | '.join(cells)} |",
            flush=True,
        )
    means = " | ".join(f"{np.mean(ratios[name]):.2f}" for name in methods)
    print(f"| mean ratio to floor | {means} |")
    print(f"\nin a child / in this process: {cost(ratios):.3f}, over {len(files)} files")
    if not ours:
        pairs = zip(ratios["naive PyAV"], ratios["avel F=1"], strict=True)
        print(f"naive / avel F=1: {np.mean([n / a for n, a in pairs]):.1f}")
    if different:
        raise SystemExit(f"skipping frames changed pictures or samples of {', '.join(different)}")
    print("all pictures and samples equal to decoding everything")


def least(
    methods: dict[str, Callable[[Path], object]], path: Path, repeats: int, child: int
) -> dict[str, float]:
    """Seconds of processor time by method, the child's among them; methods take turns."""
    times: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(repeats):
        for name, method in methods.items():
            start = time.process_time() + seconds_of(child)
            method(path)
            times[name].append(time.process_time() + seconds_of(child) - start)
    return {name: min(found) for name, found in times.items()}


def seconds_of(pid: int) -> float:
    """Processor time of another process and all its threads, as clock_getcpuclockid(3) has it."""
    return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)


def apart(decoders: Decoders, path: Path) -> object:
    """Our work as users get it: in another process, windows copied out of shared memory."""
    decoders.start(0, path)
    return join(list(finish(decoders)))


def finish(decoders: Decoders) -> Iterator[Segments]:
    while decoders.busy:
        for event in decoders.events():
            if isinstance(event, Window):
                yield event.segments


def cost(ratios: dict[str, list[float]]) -> float:
    """What isolation multiplies processor time by, on the mean over files."""
    pairs = zip(ratios["avel F=1 in a child"], ratios["avel F=1"], strict=True)
    return float(np.mean([child / here for child, here in pairs]))


def same_bits(path: Path) -> bool:
    for per_cell in (1, 4):
        a = segment_whole(path, SegmentConfig(per_cell))
        b = segment_whole(path, SegmentConfig(per_cell), skip_frames=False)
        fields = ("frames", "samples", "visual_mask", "audio_mask")
        if not all(np.array_equal(getattr(a, f), getattr(b, f)) for f in fields):
            return False
    return True


def floor(path: Path) -> None:
    with av.open(str(path)) as container:
        streams = [
            s for s in (container.streams.best("video"), container.streams.best("audio")) if s
        ]
        for stream in streams:
            stream.codec_context.thread_count = 1
        for packet in container.demux(streams):
            packet.decode()


def naive(path: Path) -> object:
    images, sound = [], []
    with av.open(str(path)) as container:
        stream = container.streams.best("video")
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            image = frame.to_image()
            scale = 224 / min(image.size)
            images.append(np.asarray(image.resize([max(224, int(s * scale)) for s in image.size])))
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("s16", "mono", 44_100)
        for frame in container.decode(container.streams.best("audio")):
            sound += [part.to_ndarray() for part in resampler.resample(frame)]
    return images, sound


def video_only(path: Path, per_cell: int) -> object:
    """Our video work alone, to be fair to decoders that read no sound."""
    from avel.pipeline.media.audio import AudioTrack

    chosen = AudioTrack.choose
    AudioTrack.choose = classmethod(lambda *_: None)  # type: ignore[assignment,method-assign]
    try:
        return segment_whole(path, SegmentConfig(per_cell))
    finally:
        AudioTrack.choose = chosen  # type: ignore[method-assign]


def others(probe: Path) -> dict[str, Callable[[Path], object]]:
    found: dict[str, Callable[[Path], object]] = {}
    try:
        from torchcodec.decoders import VideoDecoder
        from torchvision.transforms.v2 import functional

        def torchcodec(path: Path) -> object:
            decoder = VideoDecoder(str(path), num_ffmpeg_threads=1)
            end = decoder.metadata.end_stream_seconds
            start = decoder.metadata.begin_stream_seconds
            shots = [start + t + 0.5 for t in range(int(end - start - 0.5) + 1)]
            frames = decoder.get_frames_played_at(shots).data
            return functional.center_crop(
                functional.resize(frames, [224], antialias=True), [224, 224]
            )

        torchcodec(probe)  # it imports without the system's FFmpeg and fails at the first file
        found["torchcodec video"] = torchcodec
    except Exception as err:
        print(f"torchcodec: not measured ({str(err).splitlines()[0][:80]})", file=sys.stderr)
    try:
        import cv2

        cv2.setNumThreads(1)

        def opencv(path: Path) -> object:
            capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
            rate = capture.get(cv2.CAP_PROP_FPS)
            wanted = {int((t + 0.5) * rate) for t in range(60)}
            frames, number = [], 0
            while capture.grab():
                if number in wanted:
                    frame = cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB)
                    scale = 224 / min(frame.shape[:2])
                    frames.append(
                        cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                    )
                number += 1
            return frames

        found["OpenCV video"] = opencv
    except ImportError as err:
        print(f"OpenCV: not measured ({err})", file=sys.stderr)
    try:
        import decord

        def read_decord(path: Path) -> object:
            reader = decord.VideoReader(str(path), num_threads=1)
            rate = reader.get_avg_fps()
            count = int(len(reader) / rate - 0.5) + 1
            frames = reader.get_batch(
                [min(len(reader) - 1, int((t + 0.5) * rate)) for t in range(count)]
            )
            images = frames.asnumpy()
            from PIL import Image

            scale = 224 / min(images.shape[1:3])
            size = [int(images.shape[2] * scale), int(images.shape[1] * scale)]
            return [
                np.asarray(Image.fromarray(i).resize(size, Image.Resampling.BICUBIC))
                for i in images
            ]

        found["decord video"] = read_decord
    except ImportError as err:
        print(f"decord: not measured ({err})", file=sys.stderr)
    return found


def film(path: Path, height: int, seconds: int = 10, rate: int = 25) -> Path:
    """A moving, noisy scene as a camera would file it: x264 medium with B-frames, AAC stereo."""
    width = height * 16 // 9 // 2 * 2
    rng = np.random.default_rng(height)
    wide = rng.integers(0, 255, (height // 8 + 2, width // 4 + 2, 3), np.uint8)
    scene = np.kron(wide, np.ones((8, 8, 1), np.uint8))[:, : width * 2]
    noise = rng.normal(0, 4, (height, width, 1))
    with av.open(str(path), "w") as container:
        video = container.add_stream(
            "libx264", rate=rate, options={"preset": "medium", "crf": "23"}
        )
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = container.add_stream("aac", rate=44_100)
        audio.codec_context.layout = "stereo"
        for number in range(seconds * rate):
            left = int(width / 2 * (0.5 + 0.5 * np.sin(number / 40)))
            picture = scene[:height, left : left + width] * 0.6 + 50 + np.roll(noise, number, 1)
            frame = av.VideoFrame.from_ndarray(np.clip(picture, 0, 255).astype(np.uint8), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(video.encode(frame))
            if number % rate == 0:
                wave = (rng.normal(0, 3000, (1, 2 * 44_100))).astype(np.int16)
                sound = av.AudioFrame.from_ndarray(wave, "s16", "stereo")
                sound.sample_rate, sound.pts = 44_100, number // rate * 44_100
                sound.time_base = Fraction(1, 44_100)
                container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


def measure_long(folder: Path) -> None:
    """Ten seconds repeated to two hours by copying packets, read in a process of its own."""
    path = repeat_to(film(folder / "short.mp4", 144), folder / "long.mp4", hours=2)
    command = [sys.executable, "-m", "benchmarks.decode", "--child", str(path)]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(
        f"\ntwo hours ({path.stat().st_size / 1e6:.0f} MB): {done.stdout.strip()}, {time.monotonic() - started:.0f} s"
    )


LOOP_SECONDS = 11  # ten and a gap: the sound's last packet outlasts its stream's ten seconds


def repeat_to(short: Path, long: Path, hours: int) -> Path:
    with av.open(str(long), "w") as out:
        base = 0
        outputs = None
        for _ in range(hours * 3600 // LOOP_SECONDS + 1):
            with av.open(str(short)) as container:
                if outputs is None:
                    outputs = {s.index: out.add_stream_from_template(s) for s in container.streams}
                for packet in container.demux():
                    if packet.dts is None:
                        continue
                    shift = round(Fraction(base) / packet.time_base)
                    packet.pts += shift
                    packet.dts += shift
                    packet.stream = outputs[packet.stream.index]
                    out.mux(packet)
            base += LOOP_SECONDS
    return long


def read_long(path: Path) -> None:
    cells = sum(
        len(part.samples) for part in segment_video(path, SegmentConfig(), timeout_seconds=1e6)
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{cells} segments, peak memory {peak:.2f} GB, CPU {time.process_time():.0f} s, pid {os.getpid()}"
    )


if __name__ == "__main__":
    main()
