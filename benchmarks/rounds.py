"""Short rounds of A, B, A, B, … because the machine's speed drifts while we measure.

What is compared is always measured within seconds of each other, and the median of the rounds' ratios is reported.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

Measured = TypeVar("Measured")


@dataclass(frozen=True)
class Effort:
    """How long to measure, and with how many groups: writers and payers are spread over them."""

    rounds: int
    message_seconds: float
    posting_seconds: float
    warm_up_messages: int
    writing_groups: int
    paying_groups: int


FULL = Effort(
    rounds=5, message_seconds=1.2, posting_seconds=1.5, warm_up_messages=400, writing_groups=20, paying_groups=125
)
# Long enough to see that everything works, far too short to say anything about speed.
QUICK = Effort(
    rounds=1, message_seconds=0.2, posting_seconds=0.2, warm_up_messages=40, writing_groups=2, paying_groups=9
)


def alternate(rounds: int, *measures: Callable[[], Measured]) -> list[list[Measured]]:
    """Runs the measures in turn, `rounds` times; returns each measure's results in order."""
    results: list[list[Measured]] = [[] for _ in measures]
    for _ in range(rounds):
        for measure, mine in zip(measures, results, strict=True):
            mine.append(measure())
    return results


def ratio(rates: Sequence[float], limits: Sequence[float]) -> float:
    """The median of the ratios of neighbouring rounds."""
    return median(rate / limit for rate, limit in zip(rates, limits, strict=True))
