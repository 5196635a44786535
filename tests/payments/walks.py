"""Random walks over everything that a provider, payers and officers can do, with the books beside the money.

A walk is a list of steps. After each, whatever work is pending may run or wait, twice or late. At its end the provider
behaves, time passes until nothing is under way, and then the books must be the provider's balance to the cent.
"""

import contextlib
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from core import clock, db
from core.money import Money
from core.outbox import TryAgain
from ledger import errors as ledger_errors
from ledger import groups, reading
from ledger.approvals import Subject
from ledger.audit import Cause
from ledger.models import Approval, Group, Transaction, User
from payments import collections, deciding, disputing, errors, links, paid, paying, payouts, refunding
from payments.models import Checkout, Dispute, Payout, PayoutAccount, ProviderHealth, Refund
from payments.ways import Way
from tests.payments.actors import assert_books_are_whole, balances, receipts, run_outbox
from tests.payments.conftest import MovableClock
from tests.payments.teller import TRANSFER_FEE, Teller

SECRET = "sk_test_sandbox"
ROUNDS = 30
CURRENCY = "KES"
NUMBERS = itertools.count(1)


@dataclass
class Walk:
    """A group of one, so that a wish to withdraw is decided at once; `noted` is what happened, for a failure."""

    teller: Teller
    web: FlaskClient
    moved: MovableClock
    group_id: int = 0
    user_id: int = 0
    delivered: int = 0
    noted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        with db.session() as session:
            at, number = clock.now(), next(NUMBERS)
            user = User(phone=f"+2547{number:08d}", name="Ama", country="KE")
            session.add(user)
            session.flush()
            group = groups.create(session, user, "Umoja", at, Cause(user.id, "sms"))
            account = PayoutAccount(
                group_id=group.id, user_id=user.id, provider="paystack", kind="mobile_money", bank_code="MPESA",
                bank_name="M-PESA", number=user.phone, holder=None, tail="678", state="confirmed",
                created_at=at, usable_from=at,
            )  # fmt: skip
            session.add(account)
            session.commit()
            self.group_id, self.user_id, self.account_id = group.id, user.id, account.id

    def begins_with_savings(self) -> None:
        """A payment that went well, so that there is something to withdraw, to give back and to fight about."""
        self.contribute(49)
        for reference in list(self.teller.collections):
            self.teller.pays(reference)
        while self.delivered < len(self.teller.events):
            self.deliver(1)
        run_outbox("payments.")

    # The steps: each takes one number, from which it chooses

    def contribute(self, choice: int) -> None:
        amount = Money((choice % 50 + 1) * 100_00, CURRENCY)
        way = Way("mobile_money", "mpesa") if choice % 2 else Way("checkout")
        with db.session() as session:
            cause = Cause(self.user_id, "sms", f"SM{next(NUMBERS)}")
            try:
                made = collections.request(session, self.group_id, self.user_id, amount, clock.now(), cause, way=way)
            except errors.TooManyPrompts:
                return
            session.commit()
            token = made.token
        if way.method == "checkout":
            self._quietly(lambda: links.open_checkout(token))
        else:
            run_outbox("payments.start_charge")

    def pay(self, choice: int) -> None:
        if reference := self._pick(self._collections("open"), choice):
            self.teller.pays(reference)

    def pay_too_little(self, choice: int) -> None:
        if reference := self._pick(self._collections("open"), choice):
            self.teller.pays(reference, amount=self.teller.collections[reference]["amount"] // 2)

    def pay_too_much(self, choice: int) -> None:
        if reference := self._pick(self._collections("open"), choice):
            self.teller.pays(reference, amount=self.teller.collections[reference]["amount"] * 100)

    def pay_other_money(self, choice: int) -> None:
        if reference := self._pick(self._collections("open"), choice):
            self.teller.pays(reference, currency="NGN")

    def decline(self, choice: int) -> None:
        if reference := self._pick(self._collections("open"), choice):
            self.teller.declines(reference)

    def reverse(self, choice: int) -> None:
        if reference := self._pick(self._collections("success"), choice):
            self.teller.takes_back(reference)

    def withdraw(self, choice: int) -> None:
        with db.session() as session:
            at = clock.now()
            free = reading.available(session, self.group_id, self.user_id, CURRENCY, "paystack")
            whole = min(free.own.amount_minor, free.cash.amount_minor) // 100_00 - 1
            if whole < 1:
                return
            amount = Money((choice % whole + 1) * 100_00, CURRENCY)
            details = {"payee": self.user_id, "fee_minor": 40_00, "member_fee_minor": 40_00}
            subject = Subject("withdrawal", self.user_id, amount, f"account:{self.account_id}", "fees", details)
            group = session.get_one(Group, self.group_id)
            deciding.ask(session, group, subject, at, Cause(self.user_id, "sms", f"SM{next(NUMBERS)}"))
            session.commit()

    def retry(self, choice: int) -> None:
        with db.session() as session:
            passed = session.scalars(
                select(Approval.id).where(Approval.group_id == self.group_id, Approval.state == "passed")
            ).all()
            if passed:
                cause = Cause(self.user_id, "sms", f"SM{next(NUMBERS)}")
                deciding.try_again(session, self.group_id, passed[choice % len(passed)], clock.now(), cause)
                session.commit()

    def end_transfer(self, choice: int) -> None:
        if reference := self._pick(self.teller.transfers, choice):
            self.teller.ends_transfer(reference, ("success", "success", "failed", "reversed")[choice % 4])

    def refund(self, choice: int) -> None:
        with db.session() as session:
            numbers = receipts(session, self.group_id)
            if not numbers:
                return
            number = numbers[choice % len(numbers)]
            try:
                with session.begin_nested():
                    refunding.begin(session, self.group_id, number, "asked for it back", self.user_id, clock.now())
            except (errors.PaymentError, ledger_errors.LedgerError):
                return
            session.commit()

    def end_refund(self, choice: int) -> None:
        if number := self._pick(self.teller.refunds, choice):
            self.teller.ends_refund(number, "processed" if choice % 3 else "failed")

    def dispute(self, choice: int) -> None:
        if reference := self._pick(self._collections("success"), choice):
            self.teller.opens_dispute(reference)

    def end_dispute(self, choice: int) -> None:
        if number := self._pick(self.teller.disputes, choice):
            self.teller.ends_dispute(number, lost=bool(choice % 2))

    def deliver(self, choice: int) -> None:
        """The next news, or (one time in three) some that came before, once more."""
        events = self.teller.events
        if events:
            fresh = choice % 3 and self.delivered < len(events)
            self._post(events[self.delivered if fresh else choice % len(events)])
            self.delivered += 1 if fresh else 0

    def forge(self, choice: int) -> None:
        if reference := self._pick(self.teller.collections, choice):
            body = json.dumps(
                {"event": "charge.success", "data": {"reference": reference, "status": "success"}}
            ).encode()
            headers = {"x-paystack-signature": hmac.new(b"guessed", body, hashlib.sha512).hexdigest()}
            assert self.web.post("/webhooks/payment/paystack", data=body, headers=headers).status_code == 403

    def spoil(self, choice: int) -> None:
        """The next order to pay out, to give back, or to collect is taken, and its answer is lost."""
        route = ("/transfer", "/refund", "/charge", "/transaction/initialize")[choice % 4]
        self.teller.spoilt[route] = ("lost_after", "reset_after", "broken_after", "garbled_after")[choice // 4 % 4]

    def work(self, choice: int) -> None:
        """Whatever is pending, by a worker that may meet a provider in any mood."""
        run_outbox("payments.")

    def wait(self, choice: int) -> None:
        self.moved.forward(seconds=(20, 200, 700, 4_000, 90_000)[choice % 5])
        for sweep in SWEEPS:
            sweep()

    # Moods and the end

    def upset(self, moods: list[str]) -> None:
        self.teller.moods[:] = moods

    def settle_down(self) -> None:
        """The provider behaves, what is open ends, and time passes until nothing is under way."""
        self.teller.moods.clear()
        self.teller.spoilt.clear()
        with db.session() as session:
            # The breaker is another test's subject.
            session.execute(update(ProviderHealth).values(failures=0, spared_until=None))
            session.commit()
        told = 0  # Everything once more, and then what is new.
        for _ in range(ROUNDS):
            for reference in list(self.teller.transfers):
                self.teller.ends_transfer(reference, "success")
            for number in list(self.teller.refunds):
                self.teller.ends_refund(number, "processed")
            for number in list(self.teller.disputes):
                self.teller.ends_dispute(number, lost=False)
            for event in self.teller.events[told:]:
                self._post(event)
            told = len(self.teller.events)
            run_outbox("payments.")
            self._look_back()
            self.moved.forward(hours=26)
            for sweep in SWEEPS:
                sweep()
            run_outbox("payments.")
            if not self._under_way():
                self._give_up_unsent()
                return
        raise AssertionError(f"still under way: {self._under_way()}")

    def assert_whole(self) -> None:
        """The books are the money: what lies at the provider, and nothing paid or given back twice."""
        with db.session() as session:
            assert_books_are_whole(session, self.group_id)
            booked = -balances(session, self.group_id).get("cash", 0)
            unbooked = self._held_for_a_person(session)
            assert booked + unbooked == self.teller.balance[CURRENCY], self.noted
            self._assert_paid_out_once(session)
            self._assert_given_back_once(session)

    def _give_up_unsent(self) -> None:
        """The operator calls failed what the provider has not got the money for: the next walk is another story."""
        with db.session() as session:
            unsent = select(Payout.id).where(Payout.group_id == self.group_id, Payout.state == "reserved")
            for payout_id in session.scalars(unsent).all():
                paying.fail(session, payout_id, "called failed by the operator", clock.now())
            session.commit()

    def _look_back(self) -> None:
        """What reconciliation does at night about a payment that was taken back without a word."""
        with db.session() as session:
            paid = select(Checkout.id).where(Checkout.group_id == self.group_id, Checkout.state == "paid")
            ids = session.scalars(paid).all()
        for checkout_id in ids:
            collections.verify(checkout_id, again=True)

    def _assert_paid_out_once(self, session: db.Session) -> None:
        by_vote = select(Transaction.approval_id, Payout.reference).join(
            Transaction, Transaction.id == Payout.transaction_id
        )
        arrived: dict[int, int] = {}
        for approval_id, reference in session.execute(by_vote.where(Payout.group_id == self.group_id)):
            transfer = self.teller.transfers.get(reference)
            arrived[approval_id] = arrived.get(approval_id, 0) + (
                transfer is not None and transfer["status"] == "success"
            )
        assert all(times <= 1 for times in arrived.values()), (arrived, self.noted)

    def _assert_given_back_once(self, session: db.Session) -> None:
        for reference, payment in self.teller.collections.items():
            back = sum(r["amount"] for r in self.teller.refunds.values()
                       if r["reference"] == reference and r["status"] == "processed")  # fmt: skip
            assert back <= payment["amount"], (reference, self.noted)
        counted = select(func.count()).where(Refund.group_id == self.group_id, Refund.state == "paid")
        processed = [r for r in self.teller.refunds.values() if r["status"] == "processed"]
        assert session.scalar(counted) == len(processed), self.noted

    def _held_for_a_person(self, session: db.Session) -> int:
        """What the provider has, or took, that is not in the books because a person must decide about it."""
        unbooked = 0
        held = select(Checkout).where(Checkout.group_id == self.group_id, Checkout.state == "held")
        for checkout in session.scalars(held):
            payment = self.teller.collections[checkout.reference]
            if payment["currency"] != CURRENCY:
                continue
            came = paid.of_checkout(session, checkout) is None
            unbooked += payment["amount"] - payment["fees"] if came else 0
            unbooked -= payment["amount"] if payment["status"] == "reversed" else 0
        lost = select(Dispute).where(Dispute.group_id == self.group_id, Dispute.state == "held")
        for dispute in session.scalars(lost):
            known = self.teller.disputes[int(dispute.provider_id)]
            unbooked -= known["refund_amount"] if known["resolution"] == "merchant-accepted" else 0
        return unbooked

    def _under_way(self) -> list[str]:
        with db.session() as session:
            waiting = select(Payout.reference).where(
                Payout.group_id == self.group_id,
                Payout.state.in_(("reserved", "submitting", "pending", "unknown", "held")),
                # What the provider has not got waits for the operator, with an alarm.
                (Payout.state != "reserved") | (Payout.amount_minor + TRANSFER_FEE <= self.teller.balance[CURRENCY]),
            )
            refunds = select(Refund.id).where(
                Refund.group_id == self.group_id, Refund.state.in_(("reserved", "submitting", "pending", "unknown"))
            )
            opened = select(Checkout.reference).where(
                Checkout.group_id == self.group_id, Checkout.state.in_(("opening", "open"))
            )
            return [str(row) for found in (waiting, refunds, opened) for row in session.scalars(found)]

    def _post(self, event: dict[str, object]) -> None:
        body = json.dumps(event).encode()
        headers = {"x-paystack-signature": hmac.new(SECRET.encode(), body, hashlib.sha512).hexdigest()}
        assert self.web.post("/webhooks/payment/paystack", data=body, headers=headers).status_code == 200

    def _collections(self, status: str) -> list[str]:
        """Those with this status; "open" is every one that may still be paid."""
        found = self.teller.collections.items()
        is_over = {"success", "reversed"}
        return [
            reference
            for reference, payment in found
            if (payment["status"] not in is_over if status == "open" else payment["status"] == status)
        ]

    def _pick(self, found: dict, choice: int):  # type: ignore[no-untyped-def, type-arg]
        keys = list(found)
        return keys[choice % len(keys)] if keys else None

    def _quietly(self, work: Callable[[], object]) -> None:
        with contextlib.suppress(errors.PaymentError, TryAgain):
            work()


SWEEPS = (collections.sweep, payouts.sweep, refunding.sweep, disputing.sweep)
STEPS = (
    "contribute", "contribute", "pay", "pay", "pay", "pay_too_little", "pay_too_much", "pay_other_money", "decline",
    "reverse", "withdraw", "withdraw", "retry", "end_transfer", "end_transfer", "refund", "end_refund", "dispute",
    "end_dispute", "deliver", "deliver", "forge", "spoil", "spoil", "work", "work", "work", "wait",
)  # fmt: skip


def walk(steps: list[tuple[str, int, list[str]]], teller: Teller, web: FlaskClient, moved: MovableClock) -> Walk:
    """Walks the steps from a fresh group, and to a calm end. Raises `AssertionError` with what happened."""
    walked = Walk(teller, web, moved)
    walked.begins_with_savings()
    for name, choice, moods in steps:
        walked.upset(moods)
        walked.noted.append(f"{name}({choice}) {' '.join(moods)}".strip())
        getattr(walked, name)(choice)
    walked.settle_down()
    walked.assert_whole()
    return walked
