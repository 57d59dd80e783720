"""What a batch came to, as it goes: counts by outcome, and each failure told once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from avel.pipeline.batch.balance import Balance
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import InputError
from avel.pipeline.work.marks import Marks
from avel.pipeline.work.progress import Progress
from avel.pipeline.work.say import warn

LINE_SECONDS = 60.0
"""Between two lines of progress in a log: a night has 500 minutes."""
MOST_LISTED = 10_000
"""Failures whose words are kept for the end; all are counted, printed and in the report."""


class TooManyFailures(InputError):
    """As many videos failed as were to be the end of it."""


class Tally:
    """Counts of a batch.

    Args:
        total: Files of it.
        missing: Sentences about files that are not there, which are failures already.
        most_failures: After how many to give up; None for never.
    """

    def __init__(
        self, total: int, missing: Sequence[str] = (), *, most_failures: int | None = None
    ) -> None:
        self.total = total + len(missing)
        self.counts: Counter[str] = Counter(extracted=0, cached=0)
        self.listed = [("MISSING_FILE", sentence) for sentence in missing]
        self.balance = Balance()
        self.progress = Progress(total, "videos", line_seconds=LINE_SECONDS, note=self._note)
        self.failures = len(missing)
        self._most = most_failures
        self._seen = Marks()

    def track(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Each file's first outcome: a loop that was killed may have said it before.

        Raises:
            TooManyFailures: as many failed as were to be the end of it.
        """
        yield from self.progress.track(self._fresh(outcomes))

    def _note(self) -> str:
        return self.balance.note

    def _fresh(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        for outcome in outcomes:
            if not self._seen.add(hash(outcome.path)):
                continue
            self._take(outcome)
            yield outcome
            self._judge()

    def _take(self, outcome: Outcome) -> None:
        self.balance.take(outcome)
        if not outcome.reason:
            self.counts["cached" if outcome.cached else "extracted"] += 1
            return
        self.failures += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append((str(outcome.reason), outcome.message))
        warn(f"{outcome.reason}: {outcome.message}")

    def _judge(self) -> None:
        if self._most is not None and self.failures >= self._most:
            raise TooManyFailures(
                f"{self.failures} videos failed, which --give-up-after {self._most} makes the end; "
                "what is finished is kept, and failures are named above"
            )

    @property
    def elsewhere(self) -> int:
        """Files that other loops did."""
        return self.total - sum(self.counts.values()) - self.failures
