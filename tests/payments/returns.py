"""A provider that gives money back and tells of disputes, as little as these tests need; payments to give back."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from core import clock, db
from ledger import reading
from ledger.audit import Cause
from ledger.errors import LedgerError
from ledger.models import Receipt, Transaction
from payments import collections, paid, refunding, settling
from payments.errors import NotRefundable
from payments.models import Checkout, Dispute, Refund
from tests.payments.actors import (
    Saver,
    a_checkout,
    a_saver,
    assert_books_are_whole,
    balances,
    outbox,
    says,
    wishes,
)
from tests.payments.servers import FAULTS, Heard, Reply, ScriptedServer, Step

NUMBER = 4_099_260_516
"""How the provider calls the payment."""


@dataclass
class ReturnsDesk:
    """`asking` answers POST /refund, `status` is what becomes of a refund; `made` holds each one that it took.

    With `takes_unseen` it takes what it answers badly. `payment` is what verifying says; `disputes` by their ids.
    """

    server: ScriptedServer
    status: str = "pending"
    payment: str = "success"
    asking: list[Step] = field(default_factory=list)
    takes_unseen: bool = False
    lists: bool = True
    made: list[dict[str, Any]] = field(default_factory=list)
    disputes: dict[str, dict[str, Any]] = field(default_factory=dict)
    tried: int = 0

    def __post_init__(self) -> None:
        self.server.answers(self._answer)

    def makes(self, amount_minor: int, status: str = "") -> dict[str, Any]:
        """A refund as it then stands in the provider's books."""
        number = 3_018_284 + len(self.made)
        made = {"id": number, "transaction": NUMBER, "amount": amount_minor, "currency": "KES", "fixed": status}
        self.made.append(made | {"createdAt": clock.now().isoformat()})
        return self.made[-1]

    def disputed(
        self, reference: str, amount_minor: int | None, status: str, resolution: str | None = None,
        number: str = "358950",
    ) -> None:  # fmt: skip
        self.disputes[number] = {
            "id": int(number),
            "refund_amount": amount_minor,
            "currency": "KES",
            "status": status,
            "resolution": resolution,
            "transaction": {"id": NUMBER, "reference": reference, "amount": 50_800, "currency": "KES"},
            "dueAt": "2026-12-01T16:00:00.000Z",
            "createdAt": clock.now().isoformat(),
        }

    def _answer(self, request: Heard) -> Step:
        if request.method == "POST" and request.route == "/refund":
            self.tried += 1
            if not self.asking:
                return _ok(self._shown(self.makes(request.json["amount"]), request.json["transaction"]))
            if self.takes_unseen:
                self.makes(request.json["amount"])
            step = self.asking.pop(0)
            return step if isinstance(step, Reply) or step in FAULTS else step(request)
        if request.route.startswith("/transaction/verify/"):
            reference = request.route.rsplit("/", 1)[1]
            data = {"id": NUMBER, "reference": reference, "status": self.payment, "amount": 50_800, "currency": "KES"}
            return _ok(data | {"fees": 762, "paid_at": None})
        if request.route == "/refund":
            if not self.lists:
                return Reply("Bad Gateway", 502, "text/html")
            rows = self.made if request.query.get("page", "1") == "1" else []
            return _ok([self._shown(each) for each in rows])
        if request.route.startswith("/dispute/") and (found := self.disputes.get(request.route.rsplit("/", 1)[1])):
            return _ok(found)
        return Reply({"status": False, "message": "not found", "code": "not_found"}, 404)

    def _shown(self, made: dict[str, Any], reference: str | None = None) -> dict[str, Any]:
        shown = {name: value for name, value in made.items() if name != "fixed"}
        shown["status"] = made["fixed"] or self.status
        return shown | {"transaction": {"id": NUMBER, "reference": reference}} if reference else shown


@dataclass(frozen=True)
class Paid:
    """A payment of 500.00 with 8.00 on top, of which the provider kept 7.62: posted, committed."""

    saver: Saver
    checkout_id: int
    reference: str
    receipt: int

    @property
    def group_id(self) -> int:
        return self.saver.group_id

    def books(self) -> dict[str, int]:
        with db.session() as session:
            assert_books_are_whole(session, self.group_id)
            return balances(session, self.group_id)

    def checkout(self) -> Checkout:
        with db.session() as session:
            return session.get_one(Checkout, self.checkout_id)

    def states(self, kind: str) -> list[str]:
        with db.session() as session:
            found = select(Transaction.state).where(Transaction.group_id == self.group_id, Transaction.kind == kind)
            return list(session.scalars(found.order_by(Transaction.id)))

    def refund(self) -> Refund:
        with db.session() as session:
            found = select(Refund).where(Refund.group_id == self.group_id).order_by(Refund.id.desc())
            return session.scalars(found.limit(1)).one()

    def dispute(self) -> Dispute:
        with db.session() as session:
            return session.scalars(select(Dispute).where(Dispute.group_id == self.group_id)).one()

    def disputes(self) -> list[tuple[str, str, int]]:
        """Of this very payment: how the provider calls each, where it stands, and about how much it is."""
        with db.session() as session:
            found = select(Dispute).where(Dispute.checkout_id == self.checkout_id).order_by(Dispute.id)
            return [(each.provider_id, each.state, each.amount_minor) for each in session.scalars(found)]

    def free(self) -> tuple[int, int]:
        """What is not held of the savings, and of the cash at the provider."""
        with db.session() as session:
            found = reading.available(session, self.group_id, self.saver.user_id, "KES", "paystack")
            return found.own.amount_minor, found.cash.amount_minor

    def why_not(self) -> str:
        """The code of what stands in the way of giving it back."""
        try:
            with db.session() as session:
                refunding.check(session, self.group_id, self.receipt)
        except (NotRefundable, LedgerError) as error:
            return error.code
        return ""

    def is_asked_back(self) -> int:
        """An officer wants it given back; the number of the transaction."""
        with db.session() as session:
            payment = refunding.check(session, self.group_id, self.receipt)
            cause = Cause(self.saver.user_id, "sms", "SM1")
            asked = refunding.ask(session, payment, "paid twice", clock.now(), cause)
            session.commit()
            return asked.id

    def is_confirmed(self, transaction_id: int) -> int:
        """Another one confirms it; the number of the refund."""
        with db.session() as session:
            refund = refunding.confirm(session, transaction_id, clock.now(), Cause(None, "sms", "SM2"))
            session.commit()
            return refund.id

    def is_decided_back(self) -> int:
        return self.is_confirmed(self.is_asked_back())


def a_payment(saver: Saver | None = None) -> Paid:
    """A member has paid; officers may give all of it back."""
    with db.session() as session:
        saver = saver or a_saver(session, reversal_limit_percent=100)
        wish = wishes(session, saver, "500", at=clock.now())
        checkout = a_checkout(session, wish)
        settling.settle(session, checkout.id, says(wish, checkout), clock.now())
        payment = paid.of_checkout(session, session.get_one(Checkout, checkout.id))
        assert payment is not None
        number = session.scalars(select(Receipt.number).where(Receipt.transaction_id == payment.transaction.id)).one()
        session.commit()
        return Paid(saver, checkout.id, checkout.reference, number)


def verify_again(payment: Paid) -> None:
    """What a webhook about the payment leads to."""
    collections.verify(payment.checkout_id, again=True)


def told(kind: str) -> int:
    """How often members, or we ourselves, were to be told or to do this."""
    with db.session() as session:
        return len(outbox(session, kind))


# By hand: 508.00 came in, the provider kept 7.62; 500.00 of it are the member's.
SAVED = {"savings": 50_000, "cash": -50_038, "fee_income": 800, "fee_expense": -762}
GIVEN_BACK = {"cash": -38, "fee_income": 800, "fee_expense": -762}

REFUSED = Reply({"status": False, "message": "Refund amount cannot be more than transaction amount"}, 400)
NO_ANSWER = Reply("Bad Gateway", 502, "text/html")


def _ok(data: Any) -> Reply:
    return Reply({"status": True, "message": "ok", "data": data})
