"""What a repayment pays off: penalties, fees, interest, principal; the oldest instalment first; the rest is savings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import errors
from ledger.legs import Allocation
from ledger.schedules import allocate, allocate_oldest_first

OWED = Allocation(penalty=15_00, fee=5_00, interest=30_00, principal=1_000_00)

parts = st.integers(0, 10_000)
dues = st.builds(Allocation, parts, parts, parts, parts)


@pytest.mark.parametrize(
    ("paid", "expected"),
    [
        (0, Allocation()),
        (10_00, Allocation(penalty=10_00)),
        (15_01, Allocation(penalty=15_00, fee=1)),
        (50_00, Allocation(penalty=15_00, fee=5_00, interest=30_00)),
        (500_00, Allocation(penalty=15_00, fee=5_00, interest=30_00, principal=450_00)),
        (1_050_00, OWED),
        (1_050_01, Allocation(penalty=15_00, fee=5_00, interest=30_00, principal=1_000_00, surplus=1)),
    ],
)
def test_penalties_come_before_fees_before_interest_before_principal(paid: int, expected: Allocation) -> None:
    assert allocate(paid, OWED) == expected


@pytest.mark.parametrize(("penalty", "whole"), [(15_00, 3_135_00), (15_45, 3_136_35)])
def test_a_flat_loan_of_which_every_instalment_was_late(penalty: int, whole: int) -> None:
    """3,000 at 1 % flat in three: 1.5 % of the overdue principal is 15.00, of principal and interest 15.45."""
    owed = [Allocation(penalty=penalty, interest=30_00, principal=1_000_00)] * 3
    assert allocate_oldest_first(whole, owed) == (owed, 0)
    paid, left = allocate_oldest_first(whole - 1_000_00, owed)
    assert paid == [*owed[:2], Allocation(penalty=penalty, interest=30_00)]
    assert left == 0


def test_one_instalment_of_680_pays_500_and_180_and_the_rest_is_written_off() -> None:
    owed = [Allocation(interest=180_00, principal=500_00)] * 9
    paid, left = allocate_oldest_first(680_00, owed)
    assert (paid[0], left) == (Allocation(interest=180_00, principal=500_00), 0)
    assert paid[1:] == [Allocation()] * 8
    given_up = Allocation(
        interest=sum(due.interest - part.interest for due, part in zip(owed, paid, strict=True)),
        principal=sum(due.principal - part.principal for due, part in zip(owed, paid, strict=True)),
    )
    assert (given_up.principal, given_up.interest, given_up.total) == (4_000_00, 1_440_00, 5_440_00)


def test_the_oldest_instalment_is_cleared_before_a_penalty_on_the_next() -> None:
    owed = [Allocation(interest=30, principal=1_000), Allocation(penalty=15, interest=20, principal=1_000)]
    assert allocate_oldest_first(1_040, owed) == ([owed[0], Allocation(penalty=10)], 0)


def test_what_is_paid_beyond_all_instalments_is_left_over() -> None:
    assert allocate_oldest_first(2_150_00, [OWED, OWED]) == ([OWED, OWED], 50_00)
    assert allocate_oldest_first(77, []) == ([], 77)


@given(st.integers(0, 100_000), st.lists(dues, max_size=6))
def test_not_a_cent_of_a_payment_is_lost_or_paid_on_what_nobody_owes(paid: int, owed: list[Allocation]) -> None:
    allocated, left = allocate_oldest_first(paid, owed)
    assert sum(part.total for part in allocated) + left == paid
    assert len(allocated) == len(owed)
    for part, due in zip(allocated, owed, strict=True):
        assert 0 <= part.penalty <= due.penalty and 0 <= part.fee <= due.fee
        assert 0 <= part.interest <= due.interest and 0 <= part.principal <= due.principal
        assert part.surplus == 0
    assert left == 0 or allocated == owed


@given(st.integers(0, 100_000), st.lists(dues, max_size=6))
def test_nothing_is_paid_on_an_instalment_while_an_older_one_is_open(paid: int, owed: list[Allocation]) -> None:
    allocated, _ = allocate_oldest_first(paid, owed)
    open_ones = [index for index, part in enumerate(allocated) if part != owed[index]]
    if open_ones:
        assert all(part.total == 0 for part in allocated[open_ones[0] + 1 :])


@pytest.mark.parametrize("owed", [[], [OWED]])
def test_a_payment_below_zero_is_refused(owed: list[Allocation]) -> None:
    with pytest.raises(errors.AmountNotPositive):
        allocate_oldest_first(-1, owed)
    with pytest.raises(errors.AmountNotPositive):
        allocate(-1, OWED)


@pytest.mark.parametrize("part", ["penalty", "fee", "interest", "principal", "surplus"])
def test_nobody_owes_less_than_nothing(part: str) -> None:
    with pytest.raises(errors.AmountNotPositive):
        Allocation(**{part: -1})


def test_a_surplus_is_not_owed() -> None:
    with pytest.raises(errors.Unbalanced):
        allocate(100, Allocation(surplus=1))
