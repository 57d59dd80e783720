"""One loop: it claims lots of files, makes their features and says what became of each.

Any number of loops, on one machine or many, work on one list: they share the cache folder and
nothing else. A loop ends when every lot is done, by whomever. What is published stays; a loop that
is killed costs the others its claims' lease, and at most one lot is done again.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from avel.cache.errors import writing
from avel.cache.insist import Insist, at_once
from avel.cache.writer import Landing, Writer
from avel.pipeline.batch.lots import Lot
from avel.pipeline.batch.share import Shares
from avel.pipeline.method.harvest import Watch, harvest
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.method.plan import Plan
from avel.pipeline.method.stores import Stores
from avel.pipeline.reasons import MediaError, Reason
from avel.pipeline.work.claims import LEASE_SECONDS, Claims, NoClaims
from avel.pipeline.work.failures import QUARANTINED, Failure, Failures, folder_of
from avel.pipeline.work.runtime import RuntimeConfig
from avel.pipeline.work.say import warn

LOOK_SECONDS = 1.0
"""Between two looks at lots that others hold, once nothing else is left to do."""
LOOKS_UNSAID = 20
"""Before it is said: others mostly end a little later."""
MARKINGS = 5
"""Tries to say that a lot is done beside others who leave."""


@dataclass
class _Held:
    """A claimed lot, and its files that are not done."""

    lot: Lot
    waiting: set[Path]


@dataclass(frozen=True)
class LoopConfig:
    """How a loop works; nothing of it changes a number.

    Attributes:
        folder: Of this kind of features, in the cache: claims, what is done, what failed.
        size: Features that a kill may cost: at half as many they begin to be published, beside
            the encoder's work.
        skipped: Reasons for which a file that failed before is not tried again.
        watch: Told how far a long video is.
        claims: Makes the claims in a folder.
        wait: Waits so many seconds.
        tell: Told once of other machines that are waited for.
        stop: Whether to begin no more files, and only finish what is in work.
        insist: Calls what writes, again where the disk is full and it may wait.
    """

    folder: Path
    size: int
    skipped: frozenset[Reason] = QUARANTINED
    watch: Watch | None = None
    claims: Callable[[Path], Claims | NoClaims] = Claims
    wait: Callable[[float], None] = field(default=time.sleep)
    tell: Callable[[str], object] = warn
    stop: Callable[[], bool] = lambda: False
    insist: Insist = at_once


def work_folder(root: Path, stores: Stores) -> Path:
    """Where loops that make these features meet, below a cache folder."""
    return folder_of(root, stores.features.fingerprint)


def run_loop(
    lots: Sequence[Lot], stores: Stores, plan: Plan, runtime: RuntimeConfig, config: LoopConfig
) -> Iterator[Outcome]:
    """Work on lots until all are done; an outcome for each file that was done here, as they come.

    Raises:
        WeightsError: features must be made and the encoder's weights are missing.
        CacheError: the cache cannot be read or written.
        EnvironmentProblem: lots cannot be claimed there, or the share of the files is gone.
    """
    claims = config.claims(config.folder / "claims")
    config.insist(claims.begin)
    loop = _Loop(lots, stores, plan, runtime, config, claims)
    try:
        with claims:
            yield from loop.run()
    finally:
        with contextlib.suppress(OSError):  # of a share that is gone
            loop.leave()


class _Loop:
    def __init__(
        self,
        lots: Sequence[Lot],
        stores: Stores,
        plan: Plan,
        runtime: RuntimeConfig,
        config: LoopConfig,
        claims: Claims | NoClaims,
    ) -> None:
        self._stores, self._plan, self._runtime = stores, plan, runtime
        self._config, self._claims = config, claims
        self._lots, self._todo = lots, list(range(len(lots)))
        self._done = config.folder / "done"
        self._since = claims.since
        self._failures = Failures(config.folder)
        self._held: dict[Path, list[_Held]] = {}
        self._complete: list[Lot] = []
        self._shares = Shares(config.wait)
        self._fresh = 0
        """Features of which nobody has begun to publish any."""
        self._landing: tuple[Landing, list[Lot]] | None = None
        """Features that are being published, and lots that are done then."""

    def run(self) -> Iterator[Outcome]:
        looks = 0
        while self._todo and not self._config.stop():
            before = len(self._todo)
            with self._stores.features.writer(insist=self._config.insist) as writer:
                yield from self._round(writer)
            if self._todo and len(self._todo) == before:
                looks += 1
                if looks == LOOKS_UNSAID:
                    self._say_who_is_waited_for()
                self._config.wait(LOOK_SECONDS)

    def _say_who_is_waited_for(self) -> None:
        if hosts := ", ".join(sorted(self._claims.elsewhere)):
            self._config.tell(
                f"waiting for {len(self._todo)} lots that {hosts} holds; a machine without a sign "
                f"of life for {LEASE_SECONDS / 60:.0f} min is taken for dead, and its lots are "
                "done here"
            )

    def leave(self) -> None:
        """The last one out forgets what is done; others still want to know it.

        Without claims nobody is known to be the last, and nothing was told.
        """
        if not self._claims.shared or (self._config.folder / "claims").exists():
            return
        for mark in self._done.iterdir() if self._done.is_dir() else ():
            mark.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._done.rmdir()
            self._config.folder.rmdir()  # where nothing failed

    def _round(self, writer: Writer) -> Iterator[Outcome]:
        """Every lot that can be had now."""
        outcomes = harvest(
            self._paths(),
            self._stores,
            self._plan,
            self._runtime,
            watch=self._config.watch,
            refused=self._refusal,
            writer=writer,
            stop=self._config.stop,
        )
        with closing(outcomes):
            for outcome in outcomes:
                self._take(outcome)
                yield outcome
                many = self._fresh >= max(1, self._config.size // 2)
                if many or (self._complete and not self._fresh):
                    self._publish(writer)
                self._settle(wait=self._config.size < 2)
        self._publish(writer)
        self._settle(wait=True)

    def _paths(self) -> Iterator[Path]:
        """Files of lots as they are claimed, one after the other."""
        left = []
        for place in self._todo:
            lot = self._lots[place]
            if self._is_done(lot):
                continue
            if not self._config.insist(partial(self._claims.take, lot.name)):
                left.append(place)
            elif self._is_done(lot):  # since we looked
                self._claims.release(lot.name)
            else:
                yield from self._claimed(lot)
        self._todo = left

    def _claimed(self, lot: Lot) -> Iterator[Path]:
        self._stores.features.refresh()  # what its last owner published
        paths = lot.paths
        held = _Held(lot, set(paths))
        for path in held.waiting:
            self._held.setdefault(path, []).append(held)
        yield from dict.fromkeys(paths)

    def _is_done(self, lot: Lot) -> bool:
        """Whether it was done since this loop began, by the file system's clock."""
        try:
            return (self._done / lot.name).stat().st_mtime_ns >= self._since
        except OSError:
            return False

    def _refusal(self, key: str) -> MediaError | None:
        failure = self._failures.of(key, self._config.skipped)
        return failure.error if failure else None

    def _take(self, outcome: Outcome) -> None:
        self._shares.look(outcome)
        key = outcome.key or ""
        if outcome.reason:
            self._failures.add(Failure(outcome.path, key, outcome.reason, outcome.message))
        else:
            self._failures.forget(outcome.path, key)
            self._fresh += not outcome.cached
        for held in self._held.pop(outcome.path, []):
            held.waiting.discard(outcome.path)
            if not held.waiting:
                self._complete.append(held.lot)

    def _publish(self, writer: Writer) -> None:
        """Begin to make features durable, once those before are: a kill must not cost two lots."""
        self._settle(wait=True)
        self._landing = writer.start_publishing(), self._complete
        self._fresh, self._complete = 0, []

    def _settle(self, *, wait: bool) -> None:
        """Lots whose every file is accounted for are done once their features are durable."""
        if self._landing is None:
            return
        landing, lots = self._landing
        if wait:
            landing.wait()
        elif not landing.done():
            return
        self._landing = None
        for lot in lots if self._claims.shared else ():
            self._config.insist(partial(self._mark, lot))
            self._claims.release(lot.name)

    def _mark(self, lot: Lot) -> None:
        """Let others know that a lot is done.

        Raises:
            CacheError: nothing can be written there.
        """
        with writing(self._done):
            for attempt in range(MARKINGS):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(self._done)  # the folder above went with its share, or is there
                try:
                    (self._done / lot.name).touch()
                    return
                except FileNotFoundError:  # who left a run before took the folder along meanwhile
                    if attempt == MARKINGS - 1:
                        raise
