"""Reading the book: balances, own payments, members."""

from bot.channels import gsm7
from bot.talk import Answer, Talk
from ledger import groups, reading

HISTORY_LINES = {"sms": 5, "whatsapp": 10}
LONGEST_LIST = {"sms": 100, "whatsapp": 1_200}  # Characters; Twilio takes no message above 1,600.
LONGEST_HISTORY = {"sms": 230, "whatsapp": 1_200}


def balance(talk: Talk, rest: str) -> Answer:
    """Own savings and the group's money, always both."""
    group = talk.group()
    found = reading.balances(talk.session, group.id, talk.user_id, group.currency)
    words = talk.say("balance", group=group.name, own=str(found.own), total=str(found.group))
    if found.open.amount_minor:
        words = talk.say("balance-open", balance=words, open=str(found.open))
    return Answer(words)


def history(talk: Talk, rest: str) -> Answer:
    """The member's newest payments, as many as fit, also those that are not paid yet or failed."""
    group = talk.group()
    lines = reading.own_lines(talk.session, group.id, talk.user_id, HISTORY_LINES[talk.channel])
    if not lines:
        return talk.answer("history-none", group=group.name)
    words = [
        talk.say(
            "history-line",
            date=talk.date(line.at, group.time_zone),
            amount=str(line.amount),
            kind=line.kind,
            state=line.state,
            number=str(line.receipt_number or ""),
        )
        for line in lines
    ]
    while len(words) > 1 and len("\n".join(words)) > LONGEST_HISTORY[talk.channel]:
        words.pop()
    return talk.answer("history", group=group.name, lines="\n".join(words))


def members(talk: Talk, rest: str) -> Answer:
    """Who is in the group, as many names as fit."""
    group = talk.group()
    everyone = groups.members(talk.session, group.id)
    names = [f"{member.name} ({member.role})" if member.role != "member" else member.name for member in everyone]
    shown = list(names)
    while len(shown) > 1 and len(gsm7.transliterated(", ".join(shown))) > LONGEST_LIST[talk.channel]:
        shown.pop()
    listed = ", ".join(shown)
    if len(shown) < len(names):
        listed = talk.say("members-more", list=listed, more=len(names) - len(shown))
    return talk.answer("members", group=group.name, count=len(names), list=listed)
