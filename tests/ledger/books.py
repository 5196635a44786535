"""A book with every kind of movement, every fate of a promise and of a vote in it, and what somebody might do."""

from dataclasses import dataclass, field

from sqlalchemy import text

from core.db import Session
from core.money import Money
from ledger import approvals, contributions, legs, reversals, seals, transactions
from ledger.approvals import Subject
from ledger.audit import Cause
from ledger.legs import Allocation
from ledger.models import Group, Transaction, User
from ledger.postings import Leg, Movement, Posted, post, record
from tests.ledger.actors import AT, CAUSE, PROVIDER, World, allowed, as_owner, open_wallet, saved, voted, wish


@dataclass(frozen=True)
class Book:
    """What tests name: numbers of rows, and the seal before the last two postings."""

    group: Group
    names: dict[str, int] = field(default_factory=dict)
    old_seal: str = ""
    old_full_seal: str = ""


def written(session: Session, world: World) -> Book:
    """Umoja's book: savings, loan, dues, box, share-out; withdrawals sent, failed, held; a reversal."""
    group, ama, baraka = world.umoja, world.ama, world.baraka
    names = {"ama": ama.id, "baraka": baraka.id, "chidi": world.chidi.id}
    names["first"] = saved(session, group, ama, 5000_00).id
    transaction = wish(session, group, baraka, 7000_00)
    contributions.complete(session, transaction, PROVIDER, 7105_00, 106_58, AT, CAUSE)
    names["dear"] = transaction.id
    names["lapsed"] = wish(session, group, ama).id
    transactions.end(session, group.id, names["lapsed"], "expired", 'not paid "in time" [1,2]', AT, CAUSE)
    names["open"] = wish(session, group, ama).id
    _borrowing(session, group, ama, baraka)
    _box(session, group, ama, names)
    names["sent"] = _withdrawal(session, group, ama, 500_00).id
    _send(session, group, ama, names["sent"], 500_00)
    _shrinking(session, group, ama, names)
    names["held"] = _withdrawal(session, group, baraka, 200_00).id
    _deciding(session, group, ama, baraka, names)
    head = seals.head(session, group.id)
    _last_two(session, group, ama, names)
    names |= _numbers(session, group, ama)
    return Book(group, names, head.short, head.full)


def moved(session: Session, group: Group, kind: str, amount: int, moved_legs: list[Leg], user: User | None) -> Posted:
    """A movement that is written down in one go."""
    key = f"{kind}:{amount}:{user.id if user else 0}"
    movement = Movement(group.id, kind, Money(amount, group.currency), moved_legs, key, user.id if user else None)
    return record(session, allowed(session, movement), AT, CAUSE)


def tampered(session: Session, book: Book, *statements: str) -> None:
    """The statements, by somebody who owns the tables and has switched off what would stop them."""
    as_owner(session)
    session.execute(text("SET LOCAL session_replication_role = replica"))
    for statement in statements:
        session.execute(text(statement), {"group": book.group.id, **book.names})
    session.execute(text("SET LOCAL session_replication_role = origin"))
    session.execute(text("SET LOCAL ROLE groupwallet_app"))
    session.expire_all()


def _borrowing(session: Session, group: Group, ama: User, baraka: User) -> None:
    owed = Allocation(penalty=50_00, fee=100_00, interest=240_00, principal=1000_00)
    for kind, amount, moved_legs in (
        ("loan_disbursement", 3000_00, legs.loan_disbursement(baraka.id, PROVIDER, 3000_00, 40_00)),
        ("loan_fee", 100_00, legs.loan_fee(baraka.id, 100_00)),
        ("interest", 240_00, legs.interest(baraka.id, 240_00)),
        ("penalty", 50_00, legs.penalty(baraka.id, 50_00)),
        ("repayment", 1390_00, legs.repayment(baraka.id, PROVIDER, owed, 1400_00, 21_00)),
        ("transfer", 700_00, legs.transfer(baraka.id, Allocation(principal=700_00))),
        ("guarantee", 300_00, legs.guarantee(ama.id, baraka.id, Allocation(principal=300_00))),
        ("write_off", 1000_00, legs.write_off(baraka.id, Allocation(principal=1000_00))),
    ):
        moved(session, group, kind, amount, moved_legs, baraka)


def _box(session: Session, group: Group, ama: User, names: dict[str, int]) -> None:
    moved(session, group, "cash_in", 900_00, legs.cash_in(ama.id, 900_00), ama)
    mistake = moved(session, group, "cash_in", 90_00, legs.cash_in(ama.id, 90_00), ama)
    names["mistake"] = mistake.transaction_id
    transaction = session.get_one(Transaction, mistake.transaction_id)
    names["reversal"] = reversals.undo(session, transaction, "a mistake", AT, CAUSE).transaction_id
    shares = legs.share_out({ama.id: 10_00}, {"fee_income": 10_00}, {})
    for kind, amount, moved_legs in (
        ("cash_out", 20_00, legs.cash_out(ama.id, 20_00)),
        ("banking", 500_00, legs.banking(legs.CASH_BOX, PROVIDER, 500_00)),
        ("social_fund", 100_00, legs.social_fund(legs.CASH_BOX, 100_00, 100_00, 0)),
        ("payout", 60_00, legs.payout("social_fund", legs.CASH_BOX, 60_00, 0)),
        ("fee", 5_00, legs.fee(PROVIDER, 5_00)),
        ("refund", 100_00, legs.refund(ama.id, PROVIDER, 100_00)),
        ("chargeback", 60_00, legs.chargeback(ama.id, PROVIDER, 60_00, 40_00)),
        ("share_out", 10_00, shares),
    ):
        names[kind] = moved(session, group, kind, amount, moved_legs, None).transaction_id


def _withdrawal(session: Session, group: Group, user: User, amount: int) -> Transaction:
    """Promised, and held on the savings and on the cash."""
    money = Money(amount, group.currency)
    key = f"withdrawal:{user.id}:{amount}"
    vote = voted(session, group.id, "withdrawal", user.id, amount)
    transaction = transactions.begin(
        session, group.id, "withdrawal", user.id, money, key, AT, CAUSE, "school fees", vote
    )
    holds = [Leg("savings", amount, user.id), Leg("cash", amount, provider=PROVIDER)]
    transactions.reserve(session, group.id, transaction.id, holds, AT, CAUSE)
    return transaction


def _send(session: Session, group: Group, user: User, transaction_id: int, amount: int) -> None:
    sent = legs.withdrawal(user.id, PROVIDER, amount, amount - 10_00, 10_00)
    post(session, group.id, transaction_id, sent, AT, CAUSE)


def _shrinking(session: Session, group: Group, user: User, names: dict[str, int]) -> None:
    """One that failed after a part was released, one of which nothing is held any more, one that is partly held."""
    for name, amount, parts in (
        ("failed", 300_00, [100_00]),
        ("freed", 310_00, [310_00]),
        ("part", 320_00, [1_00] * 2),
    ):
        names[name] = _withdrawal(session, group, user, amount).id
        for part in parts:
            transactions.release(session, group.id, names[name], Leg("savings", part, user.id), AT, CAUSE)
    transactions.end(session, group.id, names["failed"], "failed", "", AT, CAUSE)


def _deciding(session: Session, group: Group, ama: User, baraka: User, names: dict[str, int]) -> None:
    """One vote that is open, and one for each way in which the group can say no."""
    amount, facts = Money(500_00, group.currency), {"to": "Ama"}
    for name in ("open_vote", "failed_vote", "withdrawn_vote", "void_vote"):
        subject = Subject("withdrawal", ama.id, amount, 'account:7 "M-PESA"', facts=facts)
        asked = approvals.ask(session, group, subject, AT, Cause(ama.id, "whatsapp", "SM27182"))
        names[name] = asked.approval_id
    approvals.vote(session, group.id, names["failed_vote"], "no", AT, Cause(baraka.id, "sms", "SM16180"))
    approvals.close(session, group.id, names["withdrawn_vote"], "withdrawn", 'not "now" {}', AT, CAUSE)
    approvals.close(session, group.id, names["void_vote"], "void", "", AT, CAUSE)
    rule = approvals.ask(session, group, Subject("rule"), AT, Cause(ama.id, "sms"))
    names["rule_vote"] = rule.approval_id
    names["sent_vote"] = session.get_one(Transaction, names["sent"]).approval_id or 0


def _last_two(session: Session, group: Group, ama: User, names: dict[str, int]) -> None:
    """The tail that somebody might compute anew: Ama saves 100.00 and 200.00."""
    names["empty"] = open_wallet(session, group, "expense")
    names["tail"] = saved(session, group, ama, 100_00).id
    names["last"] = saved(session, group, ama, 200_00).id


def _numbers(session: Session, group: Group, ama: User) -> dict[str, int]:
    row = session.execute(_NUMBERS, {"group": group.id, "ama": ama.id, "provider": PROVIDER}).one()
    return {name: int(number) for name, number in row._mapping.items()}


_NUMBERS = text("""
    SELECT (SELECT id FROM wallets WHERE group_id = :group AND kind = 'savings' AND user_id = :ama) AS savings,
           (SELECT id FROM wallets WHERE group_id = :group AND kind = 'savings' AND user_id <> :ama) AS others,
           (SELECT seq FROM audit_log WHERE group_id = :group AND data LIKE '%"kind":"expense"%') AS opening,
           (SELECT id FROM wallets WHERE group_id = :group AND kind = 'cash' AND provider = :provider) AS cash,
           (SELECT max(seq) FROM audit_log WHERE group_id = :group) AS head,
           (SELECT max(number) FROM receipts WHERE group_id = :group) AS receipts""")
