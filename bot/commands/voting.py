"""Votes and other answers with a code: `Y 4821`, `N 4821`, a button, `vote`.

They are taken whatever question is open, and leave it open: a vote never breaks a conversation.
"""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass

from bot import ballots, challenges
from bot.confirming import NO, YES
from bot.models import Challenge
from bot.talk import Answer, Talk
from bot.texts import Sentence
from core.money import Money
from ledger import approvals, groups
from ledger.approvals import Cast
from ledger.models import OPEN_STATES, Approval, Group, Guarantee, Loan, Transaction
from ledger.names import brief
from payments import accounts, deciding
from payments.models import PayoutAccount

Answered = Callable[[Talk, Challenge, bool], Answer]

LINES = {"sms": 2, "whatsapp": 6}

_CHOICE = "y|yes|n|no|1|2"
_LEADING = re.compile(r"^(?:(?:reply|vote|i\s+(?:say|vote)|my\s+vote\s+is|answer|code)\b[\s:]*)+", re.I)
_TRAILING = re.compile(r"[\s,.!]*(?:please|pls|plz|thanks|thank\s+you|for\s+(?:yes|no))[\s.!]*$", re.I)
_BEFORE = re.compile(rf"(?P<choice>{_CHOICE})\s*[-:.,]?\s*(?P<code>\d{{4}})", re.I)
_BEHIND = re.compile(rf"(?P<code>\d{{4}})\s*[-:.,]?\s*(?P<choice>{_CHOICE})", re.I)
_WRONG_LENGTH = re.compile(r"(?:y|yes|n|no)\s*[-:.,]?\s*(?:\d{1,3}|\d{5,6})", re.I)
_BUTTON = re.compile(r"(?P<choice>[yn]):(?P<token>[A-Za-z0-9]{12})")


@dataclass(frozen=True, slots=True)
class Ballot:
    """What somebody answered with: a choice, and the code or the button's token that says to what.

    `says_yes` is None for a code alone, which says nothing yet.
    """

    says_yes: bool | None
    code: str | None = None
    token: str | None = None


def read(text: str) -> Ballot | None:
    """The answer in a text: "Y 4821", "no 4821", "4821 yes", or a button's payload; None for any other text."""
    said = _plain(text)
    pressed = _BUTTON.fullmatch(said)
    if pressed:
        return Ballot(pressed["choice"] == "y", token=pressed["token"])
    found = _BEFORE.fullmatch(said) or _BEHIND.fullmatch(said)
    if found:
        return Ballot(found["choice"].casefold() in ("y", "yes", "1"), code=found["code"])
    return Ballot(None, code=said) if re.fullmatch(r"\d{4}", said, re.ASCII) else None


def not_understood(talk: Talk) -> Answer:
    """The answer to a text that nobody understands: perhaps it was meant for something that waits."""
    said = _plain(talk.incoming.text)
    if _WRONG_LENGTH.fullmatch(said):
        return talk.answer("code-length")
    if said.casefold() in YES | NO and challenges.open_ones(talk.session, talk.user_id, talk.at):
        return talk.answer("vote-needs-code")
    return talk.answer("not-understood")


def answer(talk: Talk, ballot: Ballot, answered: dict[str, Answered]) -> Answer | None:
    """What comes of it; None when the text answers the open question instead. The open question stays open."""
    challenge = _challenge(talk, ballot)
    if ballot.says_yes is None:
        asks = talk.question is None and challenge is not None and challenge.state == "open"
        return talk.answer("ask-choice", figures=ballot.code) if asks else None
    if challenge is None:
        if ballot.code is not None and _answers_the_question(talk):
            return None
        said = talk.answer("button-old") if ballot.token else _wrong_code(talk)
    else:
        said = _take(talk, challenge, ballot.says_yes, answered)
    talk.command = "answer:challenge"
    return said if said.question else dataclasses.replace(said, question=talk.question, slots=talk.slots)


def vote(talk: Talk, rest: str) -> Answer:
    """`vote`: what waits for the member's answer, with its codes: open votes, and whatever else they were asked."""
    group = talk.group()
    open_ones = approvals.open_ones(talk.session, group.id)
    others = [
        line
        for each in challenges.waiting(talk.session, talk.user_id, group.id, talk.at)
        for line in _other(talk, each)
    ]
    if not open_ones and not others:
        return talk.answer("vote-none", group=group.name)
    lines = [*others, *(_line(talk, approval) for approval in open_ones)]
    return talk.answer("vote-which", group=group.name, lines="\n".join(lines[: LINES[talk.channel]]))


def take_ballot(talk: Talk, challenge: Challenge, says_yes: bool) -> Answer:
    """A vote by code or by button."""
    approval = approvals.find(talk.session, challenge.group_id, challenge.subject_id)
    return talk.answer("vote-unknown") if approval is None else _cast(talk, approval, says_yes)


def _plain(text: str) -> str:
    """The text without politeness and without the words of our own messages, which people copy."""
    return _TRAILING.sub("", _LEADING.sub("", text.strip().strip("*.!").strip())).strip(" *.,!")


def _challenge(talk: Talk, ballot: Ballot) -> Challenge | None:
    if ballot.token is not None:
        # A button proves only what WhatsApp proves; its payload typed into an SMS proves nothing.
        return challenges.by_token(talk.session, talk.user_id, ballot.token) if talk.channel != "sms" else None
    return challenges.by_code(talk.session, talk.user_id, ballot.code or "")


def _take(talk: Talk, challenge: Challenge, says_yes: bool, answered: dict[str, Answered]) -> Answer:
    by_button = talk.channel != "sms" and challenge.state == "cancelled"
    if (challenge.state == "open" or by_button) and challenge.expires_at > talk.at:
        if not challenges.use(talk.session, challenge):
            return talk.answer("answered-before")
        return answered[challenge.kind](talk, challenge, says_yes)
    if challenge.kind == "ballot" and challenge.state in ("used", "expired", "open"):
        return take_ballot(talk, challenge, says_yes)  # It says why: voted before, over, too late.
    return talk.answer("answered-before" if challenge.state == "used" else "code-over")


def _answers_the_question(talk: Talk) -> bool:
    """Whether figures may be meant for the open question: a confirmation, which counts wrong codes for itself.

    Any other question would let a forger guess without being counted, while nobody has asked them anything else.
    """
    if talk.question is not None and "proof" in talk.slots:
        return True
    return talk.question is not None and not challenges.open_ones(talk.session, talk.user_id, talk.at)


def _wrong_code(talk: Talk) -> Answer:
    if not challenges.open_ones(talk.session, talk.user_id, talk.at):
        return talk.answer("code-none")
    left = challenges.miss(talk.session, talk.user_id)
    return talk.answer("code-wrong", left=left) if left else talk.answer("codes-cancelled")


def _cast(talk: Talk, approval: Approval, says_yes: bool) -> Answer:
    choice = "yes" if says_yes else "no"
    cast = deciding.vote(talk.session, approval.group_id, approval.id, choice, talk.at, talk.cause)
    return _said(talk, cast, approval.group_id)


def _said(talk: Talk, cast: Cast, group_id: int) -> Answer:
    """What the voter hears: where the vote stands now, or why theirs does not count."""
    tally = cast.tally
    figures = {"yes": tally.yes, "no": tally.no, "eligible": tally.eligible, "needed": tally.needed}
    if cast.decided:
        return talk.answer("vote-decided", choice=cast.choice, state=tally.state, **figures)
    if cast.outcome in ("counted", "already") and (cast.outcome == "counted" or tally.state == "open"):
        return talk.answer(f"vote-{cast.outcome}", choice=cast.choice, **figures)
    if cast.outcome in ("already", "closed"):
        return talk.answer("vote-closed", state=tally.state)
    if cast.outcome == "not_eligible":
        abstains = talk.session.get_one(Group, group_id).beneficiary_abstains
        return talk.answer("vote-not_eligible", abstains="yes" if abstains else "no")
    return talk.answer(f"vote-{cast.outcome}")


def _line(talk: Talk, approval: Approval) -> str:
    everybody = approvals.choices(talk.session, approval.group_id, approval.id)
    choice, code = everybody.get(talk.user_id, "none"), ""
    if choice is None:
        asked = challenges.issue(
            talk.session, talk.user_id, approval.group_id, "ballot", approval.id, approval.closes_at, talk.at
        )
        choice, code = ("silent", asked.code) if asked else ("many", "")
    return talk.say("vote-line", what=ballots.short(approval), choice=choice, figures=code, **ballots.tally(approval))


def _other(talk: Talk, waiting: Challenge) -> list[str]:
    """The line about something that is no vote: asked again with a code, since its own may have been cancelled."""
    what = _about(talk, waiting)
    asked = challenges.issue(
        talk.session, talk.user_id, waiting.group_id, waiting.kind, waiting.subject_id, waiting.expires_at, talk.at
    )
    if what is None or asked is None:
        return []
    return [talk.say("waiting-line", what=what, figures=asked.code)]


def _about(talk: Talk, waiting: Challenge) -> Sentence | None:
    session, group = talk.session, talk.session.get_one(Group, waiting.group_id)
    if waiting.kind in ("cash_in", "cash_out"):
        transaction = session.get_one(Transaction, waiting.subject_id)
        amount = str(Money(transaction.amount_minor, group.currency))
        return Sentence(f"asked-{waiting.kind}", {"amount": amount}) if transaction.state in OPEN_STATES else None
    if waiting.kind == "refund":
        asked = session.get_one(Transaction, waiting.subject_id)
        payer = brief(groups.names(session, [asked.user_id]).get(asked.user_id or 0, "?"))
        values = {"amount": str(Money(asked.amount_minor, group.currency)), "name": payer}
        return Sentence("asked-refund", values) if asked.state == "pending" else None
    if waiting.kind == "guarantee":
        loan = session.get_one(Loan, waiting.subject_id)
        guarantee = session.get(Guarantee, (group.id, loan.id, talk.user_id))
        if guarantee is None or guarantee.state != "asked":
            return None
        name = brief(groups.names(session, [loan.user_id]).get(loan.user_id, "?"))
        return Sentence("asked-guarantee", {"amount": str(Money(guarantee.amount_minor, group.currency)), "name": name})
    account = session.get_one(PayoutAccount, waiting.subject_id)
    return Sentence("asked-payout_account", {"account": accounts.shown(account)}) if account.state == "asked" else None
