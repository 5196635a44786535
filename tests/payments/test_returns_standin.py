"""Money that goes back, from the page to the book, at the sandbox's stand-in for the provider."""

from typing import Any

import pytest
import requests
from sqlalchemy import select

from core import clock, db
from ledger.models import Receipt
from payments import collections, disputing, links, refunding
from sandbox.config import SandboxConfig
from tests.payments.actors import a_saver, checkouts, run_outbox, wishes
from tests.payments.returns import Paid
from tests.payments.speech import lose_patience

GIVEN_BACK = {"savings": 50_000, "cash": -50_076, "fee_income": 1_600, "fee_expense": -1_524}
LOST = {"savings": 49_200, "cash": -49_276, "fee_income": 1_600, "fee_expense": -1_524}


@pytest.fixture
def payment(stand_in: SandboxConfig) -> Paid:
    """The second of two payments of 508.00."""
    with db.session() as session:
        saver = a_saver(session, reversal_limit_percent=100)
        tokens = []
        for _ in range(2):
            tokens.append(wishes(session, saver, "500", at=clock.now()).token)
            session.commit()
            links.open_checkout(tokens[-1])
    for token in tokens:
        (checkout,) = checkouts(token)
        _does(stand_in, f"payments/{checkout.reference}/pay")
        collections.verify(checkout.id)
    with db.session() as session:
        posted = select(Receipt.number).where(Receipt.transaction_id == checkout.transaction_id)
        return Paid(saver, checkout.id, checkout.reference, session.scalars(posted).one())


def _does(stand_in: SandboxConfig, where: str, **body: Any) -> Any:
    """Somebody at the sandbox's page does something."""
    answer = requests.post(f"{stand_in.public_url}/sandbox/{where}", json=body, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def _is_disputed(stand_in: SandboxConfig, payment: Paid) -> str:
    made = _does(stand_in, f"payments/{payment.reference}/dispute")
    dispute_id = str(made["id"])
    disputing.hear("paystack", payment.reference, dispute_id)
    return dispute_id


def test_a_payment_goes_back(stand_in: SandboxConfig, payment: Paid) -> None:
    refund_id = payment.is_decided_back()
    run_outbox("payments.submit_refund")
    refund = payment.refund()
    assert (refund.state, refund.provider_id is None) == ("pending", False)
    _does(stand_in, f"refunds/{refund.provider_id}/attention")
    refunding.hear("paystack", payment.reference, "")
    assert payment.refund().state == "held"
    _does(stand_in, f"refunds/{refund.provider_id}/process", marks_reversed=True)
    refunding.hear("paystack", payment.reference, refund.provider_id or "")
    refunding.verify(refund_id)
    assert (payment.refund().state, payment.books()) == ("paid", GIVEN_BACK)


def test_a_payment_cannot_go_back(stand_in: SandboxConfig, payment: Paid) -> None:
    payment.is_decided_back()
    run_outbox("payments.submit_refund")
    _does(stand_in, f"refunds/{payment.refund().provider_id}/fail")
    refunding.hear("paystack", payment.reference, "")
    assert (payment.refund().state, payment.states("refund")) == ("failed", ["failed"])
    payment.is_decided_back()
    run_outbox("payments.submit_refund")
    assert payment.refund().state == "pending"


def test_an_answer_that_is_lost_makes_no_second_refund(stand_in: SandboxConfig, payment: Paid) -> None:
    refund_id = payment.is_decided_back()
    _does(stand_in, "faults", target="paystack", kind="timeout", count=1, path="/refund", method="POST", seconds=3)
    lose_patience()
    run_outbox("payments.submit_refund")
    assert (payment.refund().state, payment.refund().provider_id) == ("unknown", None)
    for _ in range(2):
        refunding.submit(refund_id)
        refunding.verify(refund_id)
    refund = payment.refund()
    assert refund.state == "pending"
    _does(stand_in, f"refunds/{refund.provider_id}/process")
    refunding.verify(refund_id)
    assert (payment.refund().state, payment.books()) == ("paid", GIVEN_BACK)


@pytest.mark.parametrize(("action", "state"), [("win", "won"), ("lose", "lost")])
def test_a_dispute_ends(stand_in: SandboxConfig, payment: Paid, action: str, state: str) -> None:
    dispute_id = _is_disputed(stand_in, payment)
    assert payment.dispute().state == "open"
    _does(stand_in, f"disputes/{dispute_id}/{action}", marks_reversed=True)
    disputing.hear("paystack", payment.reference, dispute_id)
    collections.verify(payment.checkout_id, again=True)
    assert payment.dispute().state == state
    assert (payment.books() == LOST) == (state == "lost")
