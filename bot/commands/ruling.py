"""The group's rules: shown in plain words, and changed by an officer's proposal and everybody's vote."""

from bot import asking, confirming, rulewords
from bot.commands import officing
from bot.rulewords import RULE_WORDS
from bot.talk import Answer, Talk
from ledger import approvals, rules
from ledger.approvals import Subject
from ledger.models import Group
from ledger.names import brief

PAGES = ("saving", "loans", "repaying", "voting")
# What people call the page that they want.
PAGE_WORDS = {
    "saving": "saving", "savings": "saving", "money": "saving", "fees": "saving",
    "loan": "loans", "loans": "loans", "borrowing": "loans", "interest": "loans",
    "repaying": "repaying", "repay": "repaying", "late": "repaying", "penalty": "repaying",
    "voting": "voting", "vote": "voting", "votes": "voting",
}  # fmt: skip


def show(talk: Talk, rest: str) -> Answer:
    """`rules`, `rules loans`: a page on SMS, all of them at once on WhatsApp."""
    view = talk.group()
    group = talk.session.get_one(Group, view.id)
    page = PAGE_WORDS.get(rest.casefold().strip(" .?"))
    if page is not None:
        return Answer(_page(talk, group, page))
    if rest and rulewords.find(rest)[1]:
        return propose(talk, rest)  # "rules interest 3"
    if talk.channel == "sms":
        return talk.answer("rules-more", page=_page(talk, group, "saving"))
    return Answer("\n\n".join(_page(talk, group, each) for each in PAGES))


def propose(talk: Talk, rest: str) -> Answer:
    """`rule interest 3`: says back what would change; on the officer's word the group votes."""
    view = talk.group()
    word, said = rulewords.find(rest)
    if not word:
        return talk.answer("rule-which")
    group = talk.session.get_one(Group, view.id)
    now = rulewords.value_of(word, group)
    if not said:
        value = rulewords.words_of(talk, word, now, group.currency)
        return talk.answer("rule-shown", rule=rulewords.name_of(talk, word), value=value, word=word)
    refused = officing.not_an_officer(talk, view)
    if refused is not None:
        return refused
    try:
        wanted = rules.written(RULE_WORDS[word].read(said.casefold(), group.currency))
    except ValueError:
        return talk.answer("rule-may", rule=rulewords.key_of(word))
    answer = _not_now(talk, group, word, wanted)
    if answer is not None:
        return answer
    words = talk.say("rule-confirm", group=group.name, **_change(talk, group, word, wanted))
    return confirming.ask(talk, "ruling.confirm", words, group=group.id, rule=word, to=wanted)


def take_confirmation(talk: Talk) -> Answer:
    """The officer's own word: the group is asked."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    word, wanted = talk.slots["rule"], talk.slots["to"]
    group = talk.session.get_one(Group, view.id)
    answer = officing.not_an_officer(talk, view) or _not_now(talk, group, word, wanted)
    if answer is not None:
        return answer
    subject = Subject(
        "rule",
        details={
            "rule": RULE_WORDS[word].column,
            "from": rulewords.value_of(word, group),
            "to": wanted,
            "version": group.version,
        },
        facts={"name": brief(talk.name or "")} | _change(talk, group, word, wanted),
    )
    return asking.ask(talk, view, subject)


def _not_now(talk: Talk, group: Group, word: str, wanted: rules.Written) -> Answer | None:
    """Why this change cannot be asked for now; None when it can."""
    if rulewords.value_of(word, group) == wanted:
        value = rulewords.words_of(talk, word, wanted, group.currency)
        return talk.answer("rule-same", rule=rulewords.name_of(talk, word), value=value)
    column = RULE_WORDS[word].column
    for approval in approvals.open_ones(talk.session, group.id, "rule"):
        if approval.details["rule"] == column:
            return talk.answer("rule-open", rule=rulewords.name_of(talk, word))
    return None


def _change(talk: Talk, group: Group, word: str, wanted: rules.Written) -> dict[str, str]:
    now = rulewords.value_of(word, group)
    return {
        "rule": rulewords.name_of(talk, word),
        "was": rulewords.words_of(talk, word, now, group.currency),
        "becomes": rulewords.words_of(talk, word, wanted, group.currency),
    }


def _page(talk: Talk, group: Group, page: str) -> str:
    """One page of the rules; money as money, and the price of a loan also as an example in money."""

    def value(word: str) -> str:
        return rulewords.words_of(talk, word, rulewords.value_of(word, group), group.currency)

    if page == "saving":
        return talk.say(
            "rules-saving",
            group=group.name,
            members=group.member_limit,
            contribution=value("largest contribution"),
            withdrawal=value("largest withdrawal"),
            bearer=group.fee_bearer,
            reversal=value("reversal"),
        )
    if page == "loans":
        borrowed, cost = rulewords.example(group.loan_rate_percent, group.currency)
        return talk.say(
            "rules-loans",
            group=group.name,
            rate=value("interest"),
            span=group.loan_period,
            borrowed=str(borrowed),
            cost=str(cost),
            way=group.loan_method,
            longest=group.loan_max_periods,
            times=group.loan_savings_multiple,
            most=group.loans_open_max,
            backers=group.loan_guarantors,
        )
    if page == "repaying":
        return talk.say(
            "rules-repaying",
            group=group.name,
            patience=value("grace"),
            late_rate=value("penalty"),
            charged="yes" if group.loan_penalty_percent else "no",
            base=group.loan_penalty_base,
            rounding=value("rounding") if group.loan_rounding_minor else "none",
            step=value("multiple") if group.loan_instalment_multiple_minor else "none",
            overpayment=group.overpayment,
        )
    return talk.say(
        "rules-voting",
        group=group.name,
        hours=value("vote"),
        abstains="yes" if group.beneficiary_abstains else "no",
    )
