"""Statements and receipts: at once as words; on WhatsApp the papers follow a moment later, made by a job."""

import re
from zoneinfo import ZoneInfo

from bot import orders, periods
from bot.periods import Period
from bot.talk import Answer, GroupView, Talk
from ledger import groups, receipts, statements
from ledger.models import OFFICERS
from ledger.receipts import Issued
from ledger.statements import Account, Line

LINES = {"sms": 4, "whatsapp": 8}
# What a member owes and pays back is between them and the officers.
OF_A_LOAN = frozenset({"interest", "penalty", "loan_fee", "repayment", "transfer", "guarantee", "write_off"})
OF_THE_GROUP = re.compile(r"\b(?:of )?(?:the |our )?group(?:'s)?\b", re.I)
# What people say around a time: "statement for october please".
AROUND = re.compile(r"\b(?:please|pls|plz|kindly|my|mine|own|of|for|in|during|the|month of)\b", re.I)


def statement(talk: Talk, rest: str) -> Answer:
    """`statement`, `statement group`, `statement october`, `statement group 1 oct to 15 oct`."""
    group = talk.group()
    whole = OF_THE_GROUP.search(rest) is not None
    named = AROUND.sub(" ", OF_THE_GROUP.sub(" ", rest)).strip(" ,.")
    today = talk.at.astimezone(ZoneInfo(group.time_zone)).date()
    period = periods.read(named, today, talk.language) if named else periods.recent(today)
    if period is None:
        return talk.answer("period-unreadable")
    account = Account(group.id, group.currency, None if whole else talk.user_id)
    words, is_empty = _words(talk, group, account, period)
    if talk.channel == "whatsapp" and not is_empty:
        orders.place(talk, group, orders.STATEMENT, _facts(account, period))
        orders.place(talk, group, orders.CHART, _facts(Account(group.id, group.currency), period))
        words = talk.say("papers-follow", words=words)
    return Answer(words)


def group_statement(talk: Talk, rest: str) -> Answer:
    """`group statement october`."""
    return statement(talk, f"group {rest}")


def receipt(talk: Talk, rest: str) -> Answer:
    """`receipt 12`, `receipt R-12`; without a number the group's newest. Others' debts are for officers."""
    group = talk.group()
    number = re.search(r"\d{1,9}", rest)
    if rest.strip() and number is None:
        return talk.answer("receipt-unreadable")
    found = receipts.find(talk.session, group.id, int(number[0]) if number else None)
    if found is None:
        return talk.answer("receipt-unknown" if number else "receipts-none", group=group.name, number=rest.strip())
    if found.kind in OF_A_LOAN and found.user_id != talk.user_id and group.role not in OFFICERS:
        return talk.answer("receipt-of-a-loan", group=group.name, number=f"R-{found.number}")
    words = talk.say("receipt-found", group=group.name, **_receipt_words(talk, group, found))
    if talk.channel == "whatsapp":
        orders.place(talk, group, orders.RECEIPT, {"number": found.number})
        words = talk.say("paper-follows", words=words)
    return Answer(words)


def _words(talk: Talk, group: GroupView, account: Account, period: Period) -> tuple[str, bool]:
    """The newest lines that fit, and what there was before and after the period; whether all of that is nothing."""
    since, until = period.moments(group.time_zone)
    opening = statements.balance_at(talk.session, account, since)
    shown = LINES[talk.channel]
    lines = statements.newest(talk.session, account, since, until, shown + 1)
    # From the lines themselves, so that money which comes at this moment cannot make them differ.
    closing = lines[0].balance if lines else opening
    more, lines = len(lines) > shown, lines[:shown][::-1]
    names = groups.names(talk.session, [line.user_id for line in lines]) if account.user_id is None else {}
    words = talk.say(
        "statement",
        whose="group" if account.user_id is None else "own",
        group=group.name,
        since=talk.day(period.first),
        until=talk.day(period.last),
        opening=str(opening),
        closing=str(closing),
        lines=talk.lines([_line_words(talk, group, line, names) for line in lines], more)
        or talk.say("statement-empty"),
    )
    return words, not lines and not opening.amount_minor


def _line_words(talk: Talk, group: GroupView, line: Line, names: dict[int, str]) -> str:
    return talk.say(
        "statement-line",
        date=talk.date(line.at, group.time_zone),
        amount=f"{'+' if line.amount.amount_minor >= 0 else ''}{line.amount.figures}",
        number=line.receipt_number,
        named="yes" if line.user_id in names else "no",
        name=names.get(line.user_id or 0, ""),
        reversed="yes" if line.is_reversed else "no",
    )


def _receipt_words(talk: Talk, group: GroupView, found: Issued) -> dict[str, object]:
    return {
        "number": f"R-{found.number}",
        "amount": str(found.amount),
        "kind": found.kind,
        "name": groups.names(talk.session, [found.user_id]).get(found.user_id or 0, ""),
        "date": talk.date(found.at, group.time_zone),
        "seal": found.seal.short,
        "undone": f"R-{found.reversed_by}" if found.reversed_by else "no",
    }


def _facts(account: Account, period: Period) -> orders.Order:
    return {
        "about": account.user_id,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
    }
