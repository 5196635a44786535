"""What an operator corrects in the books, once the provider has said once more what is true.

Nothing is edited: the opposite is posted, then what is so; each once, under the locks of `settling` and `paying`. What
no command can correct safely is refused with what to do instead. Refunds are in `correcting_returns`.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core import clock, db, outbox
from core.db import Session
from core.money import Money
from ledger import audit, chargebacks, groups, legs, postings, receipts, reversals, transactions
from ledger import errors as ledger_errors
from ledger.audit import Cause
from ledger.models import Entry, Transaction, Wallet
from ledger.postings import Movement, Posted
from payments import booked, comparing, differences, disputing, doubts, errors, held, paid, paying, providers, settling
from payments import taken as taking
from payments.comparing import Booked, Finding
from payments.models import Checkout, Collection, Payout
from payments.paid import LATE, Payment
from payments.provider import Outcome, PayoutVerification, Verification
from payments.provider_records import Record, RecordKind

NEVER_CAME = "the payment service does not have it"
ANOTHER_FEE = "the payment service took another fee"
TOO_YOUNG = "it is younger than ten minutes: their books may not have it yet"


@dataclass(frozen=True, slots=True)
class Corrected:
    """One difference that is gone: its kind, and what was posted, for the operator."""

    kind: str
    told: str


def collection(reference: str, because: str) -> list[Corrected]:
    """Makes the books say of a payment what its provider says. Empty when they agree.

    Raises `errors.NotCorrectable`, `ProviderUnavailable`, or what the ledger refuses; nothing is written then.
    """
    with db.session() as session:
        checkout = session.scalars(select(Checkout).where(Checkout.reference == reference)).one()
        checkout_id, provider_name = checkout.id, checkout.provider
    said = providers.by_name(provider_name).verify(reference)
    with db.session() as session:
        checkout, at = _lock(session, checkout_id), clock.now()
        own = _own(session, provider_name, "collection", reference)
        records = _answered(doubts.of_collection(said, own), said.status)
        done = []
        for finding in _findings(own, records, at):
            told = _correct_collection(session, checkout, finding, own, said, at)
            done.append(note(session, finding, provider_name, told, because, at, {"checkout": checkout_id}))
        session.commit()
    return done


def payout(reference: str, because: str) -> list[Corrected]:
    """Makes the books say of a payout what its provider says. Empty when they agree. Raises as `collection` does."""
    with db.session() as session:
        found = session.scalars(select(Payout).where(Payout.reference == reference)).one()
        payout_id, provider_name = found.id, found.provider
    said = providers.by_name(provider_name).verify_payout(reference)
    with db.session() as session:
        sent, at = paying.lock(session, payout_id), clock.now()
        own = _own(session, provider_name, "payout", reference)
        records = _answered(doubts.of_payout(said, own), said.status)
        done = []
        for finding in _findings(own, records, at):
            told = _correct_payout(session, sent, finding, said, at)
            done.append(note(session, finding, provider_name, told, because, at, {"payout": payout_id}))
        session.commit()
    return done


def note(
    session: Session, finding: Finding, provider: str, told: str, because: str, at: datetime, about: dict[str, int]
) -> Corrected:
    """A line in the group's chain, and the end of the difference's row."""
    if finding.group_id is not None:
        data = about | {"kind": finding.kind}
        audit.record(session, finding.group_id, "corrected_by_operator", data, at, by_operator(finding.reference))
    differences.end_corrected(session, provider, finding.kind, finding.reference, because, at)
    return Corrected(finding.kind, told)


def by_operator(reference: str) -> Cause:
    return Cause(actor_id=None, channel="operator", message_id=reference)


def take_out(session: Session, payment: Payment, at: datetime, cause: Cause) -> None:
    """Posts that a booked payment is not there; everybody is told.

    The opposite of it, if the payer's savings still have it. Else what it had paid off of a loan is owed again, and
    what is missing of the savings is the group's loss. Raises what `chargebacks.take` raises.
    """
    first = payment.transaction
    if not paid_off_a_loan(session, first):
        try:
            with session.begin_nested():
                _tell_undone(session, first, reversals.undo(session, first, NEVER_CAME, at, cause))
            return
        except ledger_errors.InsufficientFunds:
            pass  # The payer has used it: it cannot be taken from savings that are not there.
    provider = payment.checkout.provider
    arrived = Money(_arrived(session, first), first.currency)
    key = taking.new_key(session, first.group_id, f"corrected:{payment.checkout.id}")
    posted = chargebacks.take(session, first, arrived, provider, key, at, cause).transaction_id
    payload = {"transaction": posted, "checkout": payment.checkout.id}
    outbox.put(session, "bot.charged_back", payload, f"charged_back:{posted}")


def paid_off_a_loan(session: Session, transaction: Transaction) -> bool:
    """Whether something that its member owed shrank by it: the book alone cannot take a part of that back."""
    owed = (
        select(Entry.wallet_id)
        .join(Wallet, (Wallet.group_id == Entry.group_id) & (Wallet.id == Entry.wallet_id))
        .where(
            Entry.group_id == transaction.group_id,
            Entry.transaction_id == transaction.id,
            Wallet.kind.in_(groups.OWED),
        )
    )
    return session.scalar(owed.limit(1)) is not None


def _correct_collection(
    session: Session, checkout: Checkout, finding: Finding, own: Booked, said: Verification, at: datetime
) -> str:
    if finding.kind == "collection_missed":
        return _post_missed(session, checkout, said, at)
    if finding.kind == "collection_reversed":
        disputing.take_back(session, checkout, said.status, at)
        if checkout.state == "held":
            return "it is held until the cash is there, and posted by itself then; the officers are told"
        return "posted that they took it back; everybody is told"
    payment = paid.of_checkout(session, checkout)
    if payment is None or finding.ours_minor is None:
        raise errors.NotCorrectable("it is not booked: see `payments held`")
    cause = by_operator(checkout.reference)
    if finding.kind == "collection_fee":
        told = _book_fee(session, checkout.group_id, checkout.provider, checkout.reference, finding, at)
        checkout.charged_minor = finding.theirs_minor
        return told
    if own.given_back:
        raise errors.NotCorrectable("it goes back or is disputed: see `payments returns`, that has to end first")
    if finding.kind == "collection_amount":
        return _book_other_amount(session, checkout, payment, said, at, cause)
    if said.outcome is Outcome.PENDING and said.status != "not_found":
        raise errors.NotCorrectable(f"the provider still says {said.status}: wait until that has ended")
    take_out(session, payment, at, cause)
    # As one that was let go: if it is there after all, reconciliation says so and `payments book` books it.
    checkout.state, checkout.held_reason, checkout.provider_status = "reversed", None, held.LET_GO
    return "posted that it never came; everybody is told"


def _post_missed(session: Session, checkout: Checkout, said: Verification, at: datetime) -> str:
    if checkout.state in ("held", "reversed"):
        raise errors.NotCorrectable(
            f"a person decides about it: `payments book {checkout.reference}`, or `payments let-go`"
        )
    settling.settle(session, checkout.id, said, at)
    if checkout.state != "paid":
        raise errors.NotCorrectable(f"it would be {checkout.state}: {checkout.held_reason}; see `payments held`")
    return "posted; the member is told"


def _book_other_amount(
    session: Session, checkout: Checkout, payment: Payment, said: Verification, at: datetime, cause: Cause
) -> str:
    """What came first, so that the savings have it when what was booked before is taken out."""
    if payment.transaction.idempotency_key == f"{LATE}{checkout.reference}":
        raise errors.NotCorrectable(
            "it was booked by hand before: have the provider mend its own book, or settle-difference"
        )
    credited = held.book_what_came(session, checkout, said, at)
    take_out(session, payment, at, cause)
    return f"{credited} booked, and what was booked before taken out; the member is told"


def _correct_payout(session: Session, sent: Payout, finding: Finding, said: PayoutVerification, at: datetime) -> str:
    cause = by_operator(sent.reference)
    if finding.kind == "payout_fee":
        told = _book_fee(session, sent.group_id, sent.provider, sent.reference, finding, at)
        sent.fee_charged_minor = finding.theirs_minor
        return told
    if finding.kind == "payout_amount":
        raise errors.NotCorrectable(
            "another amount was sent than the group has voted, which no command can correct: have the provider send or "
            "bring back the rest, then `payments settle-difference`"
        )
    if finding.kind == "payout_missed":
        if sent.state == "reversed":
            paying.book_after_all(session, sent, said, at)
        else:
            paying.settle(session, sent.id, said, at)
        return _if_now(sent, "paid", "posted as paid; the members concerned are told")
    if finding.kind == "payout_reversed":
        paying.settle(session, sent.id, said, at)
        return _if_now(sent, "reversed", "the opposite is posted; the group is told, and can send it again")
    if said.outcome is not Outcome.DECLINED and said.status != "not_found":
        raise errors.NotCorrectable(f"the provider still says {said.status}: wait until that has ended")
    paying.call_unpaid(session, sent, said.status, at, cause)
    return "the opposite is posted; the group is told, and can send it again"


def _if_now(sent: Payout, state: str, told: str) -> str:
    if sent.state != state:
        raise errors.NotCorrectable(
            f"it would be {sent.state}: {sent.held_reason or 'the ledger refuses it, see the log'}"
        )
    return told


def _tell_undone(session: Session, first: Transaction, posted: Posted) -> None:
    receipt = receipts.of_transaction(session, first.group_id, first.id)
    payload = {"transaction": posted.transaction_id, "receipt": receipt.number if receipt is not None else 0}
    outbox.put(session, "bot.reversed", payload, f"reversed:{posted.transaction_id}")


def _book_fee(session: Session, group_id: int, provider: str, reference: str, finding: Finding, at: datetime) -> str:
    """Posts what the provider kept more, or less, than is booked; the group bears it."""
    more = (finding.theirs_minor or 0) - (finding.ours_minor or 0)
    moved = legs.fee(provider, abs(more))
    movement = Movement(
        group_id=group_id,
        kind="fee",
        amount=Money(abs(more), finding.currency),
        legs=moved if more > 0 else legs.reversal(moved),
        key=taking.new_key(session, group_id, f"fee_corrected:{reference}"),
        reason=ANOTHER_FEE,
    )
    postings.record(session, movement, at, by_operator(reference))
    return f"{movement.amount} {'more' if more > 0 else 'less'} of a fee booked"


def _lock(session: Session, checkout_id: int) -> Checkout:
    """The checkout, its collection and the group, in the order of `settling`."""
    checkout = session.get_one(Checkout, checkout_id, with_for_update=True, populate_existing=True)
    quoted = select(Collection.id).where(Collection.transaction_id == checkout.transaction_id)
    session.execute(quoted.with_for_update())
    transactions.lock_group(session, checkout.group_id)
    return checkout


def _own(session: Session, provider: str, kind: RecordKind, reference: str) -> Booked:
    own = booked.named(session, provider, kind, reference)
    if own is None:
        raise errors.NotCorrectable(f"nothing here is called {reference}")
    return own


def _answered(records: list[Record] | None, status: str) -> list[Record]:
    if records is None:
        raise errors.ProviderUnavailable(f"the provider gave no answer: {status}")
    return records


def _findings(own: Booked, records: list[Record], at: datetime) -> list[Finding]:
    """What is different; of one whose amount is another the fee is corrected with it."""
    found = comparing.compare(own.kind, own, records)
    if found and comparing.too_young(own, (), at):
        raise errors.NotCorrectable(TOO_YOUNG)
    return found[:1] if found and found[0].kind == "collection_amount" else found


def _arrived(session: Session, transaction: Transaction) -> int:
    """What of a payment came to lie at the provider, in minor units: what was paid, less the fee."""
    cash = (
        select(Entry.amount_minor)
        .join(Wallet, (Wallet.group_id == Entry.group_id) & (Wallet.id == Entry.wallet_id))
        .where(Entry.group_id == transaction.group_id, Entry.transaction_id == transaction.id, Wallet.kind == "cash")
    )
    return -sum(session.scalars(cash))
