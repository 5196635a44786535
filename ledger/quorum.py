"""When a vote is won: with 51 % of those who may vote, in whole numbers.

`eligible` is everybody who could vote at the moment of the request, so silence counts as much as a no. Percentages are
never computed: 51 of 100 is compared as `100 * yes >= 51 * eligible`, which no rounding can tip.
"""

from ledger import errors

NEEDED_PERCENT = 51


def needed_yes(eligible: int) -> int:
    """The fewest yes votes that pass. Raises `ImpossibleVotes` when nobody may vote: no electorate approves nothing."""
    if eligible < 1:
        raise errors.ImpossibleVotes("nobody may vote")
    return -(-NEEDED_PERCENT * eligible // 100)


def passes(yes: int, eligible: int) -> bool:
    """Whether the request is approved already. Raises `ImpossibleVotes`."""
    _check(yes, 0, eligible)
    return yes >= needed_yes(eligible)


def can_still_pass(yes: int, no: int, eligible: int) -> bool:
    """Whether it is, or would be if all who are silent said yes. Raises `ImpossibleVotes`."""
    _check(yes, no, eligible)
    silent = eligible - yes - no
    return yes + silent >= needed_yes(eligible)


def _check(yes: int, no: int, eligible: int) -> None:
    if yes < 0 or no < 0 or yes + no > eligible:
        raise errors.ImpossibleVotes(f"{yes} yes and {no} no cannot come from {eligible}")
