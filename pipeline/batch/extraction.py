"""A whole batch: which files, in which lots, by which loops."""

import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from avel.pipeline.batch.cluster import LOCAL, on_cluster
from avel.pipeline.batch.forecast import planned_bytes
from avel.pipeline.batch.journal import PLAN, VIDEOS, Identity, Journal, check_folder
from avel.pipeline.batch.launch import COMMAND, Loops, environments
from avel.pipeline.batch.loop import LoopConfig, run_loop, work_folder
from avel.pipeline.batch.lots import Lots, Part, lot_size
from avel.pipeline.batch.preflight import Needs, check
from avel.pipeline.batch.share import Shares
from avel.pipeline.batch.tally import Tally
from avel.pipeline.datasets.videos import find_videos
from avel.pipeline.media.paths import Paths
from avel.pipeline.method.harvest import Watch
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.method.plan import Plan
from avel.pipeline.reasons import InputError, Reason
from avel.pipeline.work.claims import Claims, NoClaims
from avel.pipeline.work.failures import QUARANTINED, Failures
from avel.pipeline.work.patience import Patience
from avel.pipeline.work.runtime import RuntimeConfig, default_workers, resolve_device
from avel.pipeline.work.say import warn
from avel.pipeline.work.stopping import Stopping

MANY = 1_000
"""Videos above which decoded pictures and sound (2.4 MB per ten seconds) are not cached unasked."""


@dataclass(frozen=True)
class BatchConfig:
    """How a batch is spread and what it does about failures; changes no number.

    Attributes:
        loops: Processes, each with a device of its own.
        lot: Files that a loop claims together; 0 to choose.
        part: Which part of the files to do, with no claims; None for all of them.
        retried: Do only files that failed before, for these reasons; None for all files.
        skipped: Reasons for which a file that failed before is left out.
        most_failures: After how many to give up; None for never.
        cluster: Dask scheduler that starts the loops, or `local`; empty for none.
        wait_seconds: How long to wait for room on a full disk.
        many_segments: Whether decoded pictures and sound are cached of more than `MANY` videos too.
    """

    loops: int = 1
    lot: int = 0
    part: Part | None = None
    retried: frozenset[Reason] | None = None
    skipped: frozenset[Reason] = QUARANTINED
    most_failures: int | None = None
    cluster: str = ""
    wait_seconds: float = 0.0
    many_segments: bool = False


class Extraction:
    """Features of the files that a user's words mean.

    Args:
        inputs: Files, folders, lists, AVE folders.
        plan: How they are cut and which encoder.
        runtime: Cache, device, workers.
        config: How the work is spread.
        tell: Told of each folder how many files of which kind are left out, if any.
        stopping: Says whether the run is asked to stop.

    Raises:
        InputError: as `find_videos`.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        plan: Plan,
        runtime: RuntimeConfig,
        config: BatchConfig,
        tell: Callable[[str], object] = warn,
        stopping: Stopping | None = None,
    ) -> None:
        self._plan, self._config = plan, config
        self._stopping = stopping or Stopping()
        self._patience = Patience(config.wait_seconds)
        self._stopping.then(self._patience.stop)
        self.stores = plan.stores(runtime.cache_dir)
        self._folder = work_folder(runtime.cache_dir, self.stores)
        self._inputs = _named(inputs, config.part)
        found = find_videos(inputs, tell)
        self.missing, paths = found.missing, found.paths
        self.spares_segments = (
            runtime.keep_segments and len(paths) > MANY and not config.many_segments
        )
        self._runtime = replace(
            runtime, keep_segments=runtime.keep_segments and not self.spares_segments
        )
        if config.part:
            paths = config.part.of_paths(paths)
            self.missing = self.missing if config.part.number == 1 else []
        if config.retried is not None:
            self.missing = []
        self._listed, self._chosen = paths, self._failed(paths, config.retried)
        self._paths = paths if self._chosen is None else paths.at(self._chosen)
        self.total = len(self._paths)
        self._asked = len(found.paths)

    def _failed(self, paths: Paths, reasons: frozenset[Reason] | None) -> list[int] | None:
        """Places of the files that failed before, where only these are to be done."""
        if reasons is None:
            return None
        failed = [f for f in Failures(self._folder) if f.reason in reasons]
        names = {os.fsencode(f.path.absolute()) for f in failed}
        return [n for n in range(len(paths)) if paths.absolute(n) in names]

    @property
    def _size(self) -> int:
        return self._config.lot or lot_size(len(self._listed))

    def check(self, report: Path | None = None) -> None:
        """Refuse at once what cannot come to anything.

        Args:
            report: Folder of the run, in which a plan may be where it has not begun.

        Raises:
            InputError: not one file can be read, none failed of what is to be tried again, or the
                folder is of another run.
            EnvironmentProblem: the cache cannot be written, or has no room; or the device that was
                named is not there.
        """
        retried = self._config.retried
        if retried is not None and not self._paths:  # a loop that begins late finds none, too
            raise InputError(
                f"--retry-failed: none of {self._asked} files has failed before with these features"
                f"{_of(retried)}; leave it out to do all"
            )
        if report is not None:
            check_folder(report, self.stores.features.fingerprint, self._inputs)
        runtime = self._runtime
        if runtime.device not in ("auto", "cpu"):
            resolve_device(runtime.device)
        kept = runtime.window_cells if runtime.keep_segments else 0
        begins = report is not None and not (report / VIDEOS).exists()
        planned = planned_bytes(report / PLAN, segments=kept > 0) if report and begins else 0.0
        needs = Needs(self._paths, self._plan.segment, kept, planned, self._is_done)
        check(needs, runtime.cache_dir)

    def _is_done(self, path: Path) -> bool:
        """Whether a file that was hashed before has features."""
        try:
            key = self.stores.keys.remembered(path)
        except OSError:
            return False
        return key is not None and key in self.stores.features

    def tally(self) -> Tally:
        """Counts of what becomes of the files."""
        return Tally(self.total, self.missing, most_failures=self._config.most_failures)

    def journal(self, folder: Path) -> Journal:
        """The folder that tells of this run."""
        identity = Identity(self.stores.features.fingerprint, version("avel"), self._inputs)
        return Journal(
            folder, identity, videos=self.total, missing=self.missing, insist=self._patience
        )

    def here(self, watch: Watch | None = None) -> Generator[Outcome, None, None]:
        """Work in this process, beside others on the same cache."""
        claims = NoClaims if self._config.part else Claims
        retried = self._config.retried
        config = LoopConfig(
            self._folder,
            self._size,
            self._skipped,
            watch,
            claims,
            stop=self._stopping,
            insist=self._patience,
        )
        choice = " ".join(["retry", *sorted(retried)]) if retried else ""
        lots = Lots(self._listed, self._size, self._chosen, choice)
        yield from run_loop(lots, self.stores, self._plan, self._runtime, config)

    def apart(
        self, words: Sequence[str], command: Sequence[str] = ()
    ) -> Generator[Outcome, None, None]:
        """Work in several processes, each of which is given the command's words again.

        Args:
            words: Arguments of the command.
            command: What starts a loop [this program's own].
        """
        command = command or COMMAND
        again = [*words, "--devices", "1", "--lot", str(self._size)]
        config, stop = self._config, self._stopping
        if config.cluster not in ("", LOCAL):  # its machines have devices of their own
            yield from on_cluster(config.cluster, again, config.loops, command, stop)
            return
        from avel.pipeline.work.runtime import visible_gpus  # loads torch

        cores = default_workers()
        seen = environments(config.loops, visible_gpus(self._runtime.device), cores)
        again += ["--workers", str(max(1, self._runtime.workers // config.loops))]
        if config.cluster:
            yield from on_cluster(config.cluster, again, config.loops, command, stop, seen)
            return
        shares = Shares()
        with Loops(again, seen, command) as loops:
            stop.then(loops.finish)
            for outcome in loops.outcomes():
                shares.look(outcome)  # a loop that began when it was gone does not know
                yield outcome

    @property
    def _skipped(self) -> frozenset[Reason]:
        return self._config.skipped - (self._config.retried or frozenset())


def _named(inputs: Sequence[str], part: Part | None) -> tuple[str, ...]:
    """What a run was given, from the root on, and which part of it is done."""
    given = tuple(os.path.abspath(os.fspath(each)) for each in inputs)
    return (*given, f"--shard {part.number}/{part.of}") if part else given


def _of(reasons: frozenset[Reason]) -> str:
    return "" if reasons == frozenset(Reason) else f" for {', '.join(sorted(reasons))}"
