"""Papers: made by a job from the book, stored for good, and sent to whoever asked as a link that runs out.

The order carries everything that a paper depends on but the book itself. Nothing is stored while a transaction is open.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from bot import outgoing
from bot.documents import chart, pdf
from bot.documents.model import ReceiptDocument, SavingsChart, StatementDocument, StatementRow
from bot.documents.words import Words
from bot.errors import PaperTooLong
from bot.models import Document
from bot.orders import CHART, LINK_LIFETIME, RECEIPT, STATEMENT, TYPES, Order, link, verify_link
from bot.periods import BEGINNING, Period
from core import clock, db, storage
from core.db import Session
from core.fields import values_of
from ledger import groups, receipts, seals, statements
from ledger.models import Group, User
from ledger.seals import Seal
from ledger.statements import Account

MOST_LINES = 3_000


@dataclass(frozen=True, slots=True)
class Paper:
    """A finished paper: its bytes, the seal under the book that it shows, and what its verify page says about it."""

    data: bytes
    seal: Seal
    facts: dict[str, str]


def issue(order: Order) -> None:
    """Makes, stores and sends one paper. Raises `StorageUnavailable`: the job comes back later."""
    try:
        # One moment for all that a paper says: money that comes meanwhile is on the next one, seal and sums together.
        with db.snapshot() as session:
            if session.scalar(select(Document.id).where(Document.token == order["token"])) is not None:
                return
            paper = make(session, order, clock.now())
    except PaperTooLong:
        _explain(order, clock.now())
        return
    ending, content_type = TYPES[order["kind"]]
    key = storage.content_key(f"groups/{order['group']}/{order['kind']}s", paper.data, ending)
    storage.storage().put(key, paper.data, content_type)
    with db.session() as session:
        _keep(session, order, paper, key, clock.now())
        session.commit()


def make(session: Session, order: Order, at: datetime) -> Paper:
    """The paper, as the book stands in `session`: a `db.snapshot`, or its figures may not agree.

    Raises `PaperTooLong`.
    """
    return _MAKERS[order["kind"]](session, order, at)


def _explain(order: Order, at: datetime) -> None:
    """Says why there is no paper, and what to ask for instead."""
    key = f"paper-too-long:{order['token']}"
    with db.session() as session:
        outgoing.notify(session, order["user"], "paper-too-long", {}, group_id=order["group"], dedupe_key=key, at=at)
        session.commit()


def _keep(session: Session, order: Order, paper: Paper, key: str, at: datetime) -> None:
    document = Document(
        token=order["token"],
        group_id=order["group"],
        user_id=order["user"],
        kind=order["kind"],
        storage_key=key,
        seal=bytes.fromhex(paper.seal.full),
        seal_line=paper.seal.line,
        facts=json.dumps(paper.facts),
        created_at=at,
        expires_at=at + LINK_LIFETIME,
    )
    statement = insert(Document).values(values_of(document))
    made = session.scalar(statement.on_conflict_do_nothing().returning(Document.id))
    if made is not None:
        outgoing.notify(
            session,
            order["user"],
            f"{order['kind']}-paper",
            _worded(session, order, paper.facts),
            group_id=order["group"],
            dedupe_key=f"document:{made}",
            at=at,
            media_url=link(order["token"], order["kind"]),
        )


def _worded(session: Session, order: Order, facts: dict[str, str]) -> dict[str, str]:
    """The facts with days as people write them."""
    language = session.get_one(User, order["user"]).language
    days = {key: date.fromisoformat(facts[key]) for key in ("first", "last", "issued") if key in facts}
    return facts | {key: format_date(day, "d MMM y", locale=language) for key, day in days.items()}


def _statement(session: Session, order: Order, at: datetime) -> Paper:
    group, user = session.get_one(Group, order["group"]), session.get_one(User, order["user"])
    period = Period(date.fromisoformat(order["first"]), date.fromisoformat(order["last"]))
    account = Account(group.id, group.currency, order["about"])
    zone = ZoneInfo(group.time_zone)
    since, until = period.moments(group.time_zone)
    found = statements.read(session, account, since, until, MOST_LINES)
    if found.first.next is not None:
        raise PaperTooLong
    names = groups.names(session, {line.user_id for line in found.first.lines})
    seal = seals.head(session, group.id)
    document = StatementDocument(
        language=user.language,
        group_name=group.name,
        member_name=None if account.user_id is None else user.name or "?",
        period_start=_first_day(period, group, zone),
        period_end=period.last,
        opening=found.opening,
        lines=tuple(
            StatementRow(
                line.at.astimezone(zone).date(),
                line.kind,
                names.get(line.user_id or 0) if line.user_id != account.user_id else None,
                line.receipt_number,
                line.amount,
                line.balance,
            )
            for line in found.first.lines
        ),
        total_in=found.total_in,
        total_out=found.total_out,
        closing=found.closing,
        members=() if account.user_id is not None else tuple(groups.savings(session, group.id, group.currency)),
        seal=seal.short,
        seal_line=seal.line,
        full_seal=seal.full,
        verify_url=verify_link(order["token"]),
        issued_on=at.astimezone(zone).date(),
    )
    facts = {
        "group": group.name,
        "whose": "group" if account.user_id is None else "own",
        "name": document.member_name or "",
        "first": document.period_start.isoformat(),
        "last": period.last.isoformat(),
        "amount": str(found.closing),
        "issued": document.issued_on.isoformat(),
    }
    return Paper(pdf.statement(document), seal, facts)


def _receipt(session: Session, order: Order, at: datetime) -> Paper:
    group, user = session.get_one(Group, order["group"]), session.get_one(User, order["user"])
    zone = ZoneInfo(group.time_zone)
    found = receipts.find(session, group.id, order["number"])
    if found is None:
        raise LookupError(f"group {group.id} has no receipt {order['number']}")
    just_after = found.at + timedelta(microseconds=1)
    own = Account(group.id, group.currency, found.user_id)
    document = ReceiptDocument(
        language=user.language,
        group_name=group.name,
        number=found.number,
        on=found.at.astimezone(zone).date(),
        kind=found.kind,
        who=groups.names(session, [found.user_id]).get(found.user_id or 0, group.name),
        amount=found.amount,
        own_balance=None if found.user_id is None else statements.balance_at(session, own, just_after),
        group_balance=statements.balance_at(session, Account(group.id, group.currency), just_after),
        seal=found.seal.short,
        seal_line=found.seal.line,
        full_seal=found.seal.full,
        verify_url=verify_link(order["token"]),
        issued_on=at.astimezone(zone).date(),
        reversed_by=found.reversed_by,
    )
    facts = {
        "group": group.name,
        "number": f"R-{found.number}",
        "name": document.who,
        "amount": str(found.amount),
        "first": document.on.isoformat(),
        "issued": document.issued_on.isoformat(),
    }
    return Paper(pdf.receipt(document), found.seal, facts)


def _chart(session: Session, order: Order, at: datetime) -> Paper:
    group, user = session.get_one(Group, order["group"]), session.get_one(User, order["user"])
    period = Period(date.fromisoformat(order["first"]), date.fromisoformat(order["last"]))
    account = Account(group.id, group.currency)
    since, until = period.moments(group.time_zone)
    first = _first_day(period, group, ZoneInfo(group.time_zone))
    opening = statements.balance_at(session, account, since)
    moved = statements.daily_balances(session, account, since, until, group.time_zone)
    closing = moved[-1][1] if moved else opening.amount_minor
    # Each point is the end of a day: the one before the first, those on which something moved, and the last.
    points = [(first - timedelta(days=1), opening.amount_minor), *moved, (period.last, closing)]
    saved = groups.savings(session, group.id, group.currency)
    picture = SavingsChart(
        language=user.language,
        group_name=group.name,
        currency=group.currency,
        points=tuple(dict(points).items()),
        members=tuple((name, money.amount_minor) for name, money in saved),
        title=Words(user.language).say("document-chart-title"),
    )
    facts = {"group": group.name, "amount": str(statements.balance_at(session, account, until))}
    return Paper(chart.savings(picture), seals.head(session, group.id), facts)


def _first_day(period: Period, group: Group, zone: ZoneInfo) -> date:
    """No paper tells of days before there was a group."""
    founded = group.created_at.astimezone(zone).date()
    return max(period.first, founded) if period.first == BEGINNING or founded <= period.last else period.first


_MAKERS = {STATEMENT: _statement, RECEIPT: _receipt, CHART: _chart}
