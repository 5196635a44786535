"""Standing for somebody's loan: the borrower names members, each says yes or no from their own phone."""

from datetime import timedelta

from sqlalchemy import select

from bot import naming
from bot.models import Challenge
from bot.talk import Answer, Talk
from core import outbox
from core.money import Money
from ledger import errors, groups, guaranteeing
from ledger.groups import Member
from ledger.models import Group, Guarantee, Loan
from ledger.names import brief
from payments import lending

ASKED_FOR = timedelta(days=7)


def name_guarantors(talk: Talk, rest: str) -> Answer:
    """`guarantor Baraka`, `guarantors Baraka, Efua and Chidi`: for the loan that the member has asked for."""
    view = talk.group()
    loan = waiting_loan(talk, view.id)
    if loan is None:
        return talk.answer("guarantor-none")
    group = talk.session.get_one(Group, view.id)
    asked = list[Member]()
    for name in [each.strip() for each in rest.replace(" and ", ",").replace("&", ",").split(",") if each.strip()]:
        member = naming.member(talk, view, name)
        if isinstance(member, Answer):
            return member
        asked.append(member)
    if not asked:
        share = Money(-(-loan.principal_minor // max(group.loan_guarantors, 1)), view.currency)
        return talk.answer("loan-name-guarantors", count=group.loan_guarantors, amount=str(share))
    for member in asked:
        try:
            with talk.session.begin_nested():
                guaranteeing.name_guarantor(talk.session, loan, member.user_id, talk.at, talk.cause)
        except errors.GuaranteeError as error:
            share = Money(-(-loan.principal_minor // max(group.loan_guarantors, 1)), view.currency)
            return talk.answer(f"guarantor-{error.code}", name=brief(member.name), group=view.name, amount=str(share))
        payload = {"loan": loan.id, "member": member.user_id}
        # Named once more, they are asked once more; as long as their code is good, no second message goes out.
        key = f"guarantee_asked:{loan.id}:{member.user_id}:{talk.incoming.message_id}"
        outbox.put(talk.session, "bot.guarantee_asked", payload, key)
    names = ", ".join(brief(member.name) for member in asked)
    return talk.answer("guarantors-asked", names=names, count=len(asked))


def answered(talk: Talk, challenge: Challenge, says_yes: bool) -> Answer:
    """The answer of somebody who was named."""
    loan = talk.session.get_one(Loan, challenge.subject_id)
    group = talk.session.get_one(Group, loan.group_id)
    borrower = brief(groups.names(talk.session, [loan.user_id]).get(loan.user_id, "?"))
    guarantee = talk.session.get(Guarantee, (loan.group_id, loan.id, talk.user_id))
    share = str(Money(guarantee.amount_minor if guarantee else 0, group.currency))
    try:
        with talk.session.begin_nested():
            taken = lending.guarantee_answered(talk.session, loan, talk.user_id, says_yes, talk.at, talk.cause)
    except (errors.InsufficientFunds, errors.GuaranteeError):
        lending.guarantee_answered(talk.session, loan, talk.user_id, False, talk.at, talk.cause)
        return talk.answer("guarantee-short", share=share, name=borrower)
    if not taken:
        return talk.answer("guarantee-over")
    return talk.answer("guarantee-yes" if says_yes else "guarantee-no", share=share, name=borrower)


def waiting_loan(talk: Talk, group_id: int) -> Loan | None:
    """The member's loan that has been asked for and that nobody votes about yet."""
    return talk.session.scalar(
        select(Loan)
        .where(
            Loan.group_id == group_id,
            Loan.user_id == talk.user_id,
            Loan.state == "asked",
            Loan.approval_id.is_(None),
        )
        .order_by(Loan.id.desc())
        .limit(1)
    )
