"""Greetings, help, stopping a question, and messages that are no text at all."""

from collections.abc import Callable

from bot.talk import Answer, Talk

EXAMPLES = {
    "withdraw": "withdraw 5000 for school fees",
    "borrow": "borrow 5000 for 3 months",
    "repay": "repay 5000",
    "cash": "cash 500 from Baraka",
    "leave": "leave",
    "remove": "remove Baraka because he has moved away",
}


def unusable(talk: Talk, longest: int) -> Answer | None:
    """What to say to a picture, a voice note, an empty or an endless text; the open question stays open."""
    said = talk.incoming.text.strip()
    if not said:
        return Answer(talk.say("media" if talk.incoming.media else "empty"), question=talk.question, slots=talk.slots)
    if len(said) > longest:
        return Answer(talk.say("too-long"), question=talk.question, slots=talk.slots)
    return None


def greeting(talk: Talk, rest: str) -> Answer:
    if not talk.groups:
        return talk.answer("greeting-no-group", name=talk.name)
    names = ", ".join(group.name for group in talk.groups)
    return talk.answer("greeting", name=talk.name, group=names)


def thanks(talk: Talk, rest: str) -> Answer:
    return talk.answer("thanks")


def supposing(command: str) -> Callable[[Talk, str], Answer]:
    """What runs when only a typo suggests a command that moves money: nothing is done but asked."""
    return lambda talk, rest: talk.answer("did-you-mean", command=command, example=EXAMPLES[command])


def cancel(talk: Talk) -> Answer:
    return talk.answer("cancelled" if talk.question else "nothing-to-cancel")
