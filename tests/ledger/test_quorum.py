"""A vote passes with 51 % of those who may vote, counted in whole numbers, and fails when it cannot pass any more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import errors, quorum


@pytest.mark.parametrize(
    ("eligible", "needed"),
    [(1, 1), (2, 2), (3, 2), (4, 3), (10, 6), (49, 25), (50, 26), (99, 51), (100, 51), (101, 52)],
)
def test_so_many_yes_votes_are_needed_and_not_one_less(eligible: int, needed: int) -> None:
    assert quorum.needed_yes(eligible) == needed
    assert quorum.passes(needed, eligible)
    assert not quorum.passes(needed - 1, eligible)


@given(st.integers(1, 100_000))
def test_the_number_needed_is_the_smallest_that_is_51_percent(eligible: int) -> None:
    needed = quorum.needed_yes(eligible)
    assert 100 * needed >= 51 * eligible > 100 * (needed - 1)
    assert needed <= eligible


@pytest.mark.parametrize(
    ("yes", "no", "eligible", "possible"),
    [
        (0, 0, 1, True),
        (0, 1, 1, False),
        (1, 1, 2, False),
        (1, 1, 3, True),
        (0, 2, 3, False),
        (0, 4, 10, True),
        (5, 5, 10, False),
        (6, 4, 10, True),
        (0, 49, 100, True),
        (0, 50, 100, False),
    ],
)
def test_a_vote_is_lost_as_soon_as_the_silent_cannot_save_it(yes: int, no: int, eligible: int, possible: bool) -> None:
    assert quorum.can_still_pass(yes, no, eligible) is possible


@given(st.integers(1, 500).flatmap(lambda eligible: st.tuples(st.just(eligible), st.integers(0, eligible))))
def test_a_vote_in_which_all_have_spoken_is_won_or_lost(votes: tuple[int, int]) -> None:
    eligible, yes = votes
    assert quorum.can_still_pass(yes, eligible - yes, eligible) is quorum.passes(yes, eligible)


@pytest.mark.parametrize(
    ("yes", "no", "eligible"), [(0, 0, 0), (-1, 0, 3), (0, -1, 3), (4, 0, 3), (2, 2, 3), (0, 0, -1)]
)
def test_votes_that_nobody_can_have_given_decide_nothing(yes: int, no: int, eligible: int) -> None:
    with pytest.raises(errors.ImpossibleVotes):
        quorum.can_still_pass(yes, no, eligible)


@pytest.mark.parametrize(("yes", "eligible"), [(0, 0), (1, 0), (3, 2), (-1, 2)])
def test_a_group_in_which_nobody_may_vote_approves_nothing(yes: int, eligible: int) -> None:
    with pytest.raises(errors.ImpossibleVotes):
        quorum.passes(yes, eligible)
