"""Confirming: what moves money is said back first, and done only on the member's own word.

By SMS that word is a code which we sent to their number, good for exactly this and for ten minutes: the sender of an
SMS can be forged. WhatsApp has proved who writes, so 1 or yes is enough there, but never for an answer by SMS.
"""

import re
from datetime import timedelta
from typing import Any, Literal

from bot import challenges
from bot.talk import Answer, GroupView, Talk

LIFETIME = timedelta(minutes=10)
MOST_WRONG = 3
YES = frozenset({"1", "yes", "y", "yeah", "yep", "ok", "okay", "sure"})
NO = frozenset({"2", "0", "no", "n", "nope"})


def ask(talk: Talk, question: str, words: str, **slots: Any) -> Answer:
    """Says back what would be done (`words`) and waits for the member's word; `question` names who takes it.

    `slots` hold the group's id as "group". By SMS nothing is asked after too many wrong codes in a day.
    """
    if talk.channel == "sms" and challenges.too_many_wrong_confirmations(talk.session, talk.user_id, talk.at):
        return talk.answer("confirm-too-many")
    code = challenges.new_code(talk.session, talk.user_id)
    until = (talk.at + LIFETIME).timestamp()
    proof = {"code": code, "until": until, "wrong": 0, "on": talk.channel, "words": words}
    return talk.ask(question, _put(talk, words, code), **(slots | {"proof": proof}))


def confirmed(talk: Talk) -> GroupView | Answer:
    """The group in which the member has confirmed it; else the answer to give, with which nothing has been done."""
    said = read(talk)
    if said != "yes":
        return said
    # Who has left the group meanwhile confirms nothing in it.
    return next((each for each in talk.groups if each.id == talk.slots["group"]), talk.answer("confirm-expired"))


def is_answer(talk: Talk) -> bool:
    """Whether a text answers the open confirmation, although its first word may be a command ("ok", "code 4821")."""
    if "proof" not in talk.slots:
        return False
    return _word(talk) in YES | NO or talk.slots["proof"]["code"] in re.findall(r"\d+", talk.incoming.text)


def read(talk: Talk) -> Answer | Literal["yes"]:
    """ "yes" when the member has confirmed; else the answer to give, with which nothing has been done."""
    proof = talk.slots["proof"]
    if talk.at.timestamp() > proof["until"]:
        return talk.answer("confirm-expired")
    words = set(re.findall(r"[^\W\d_]+", talk.incoming.text.casefold()))
    figures = re.findall(r"\d+", talk.incoming.text)
    if _word(talk) in NO or words & NO:
        return talk.answer("confirm-no")  # Also "no 4821": the code is right, and the word says no.
    if proof["code"] in figures and len([each for each in figures if len(each) > 1]) == 1:
        return "yes"
    if talk.channel != proof["on"]:
        # Asked on WhatsApp and answered by an SMS, which can be forged; or asked by a forged SMS, and the member has
        # written a yes about something else. Said back where they are now.
        return _again(talk, proof | {"on": talk.channel}, _put(talk, proof["words"], proof["code"]))
    if talk.channel != "sms":
        return "yes" if _word(talk) in YES else _again(talk, proof, talk.say("confirm-again"))
    if not any(len(each) > 1 for each in figures):
        return _again(talk, proof, talk.say("confirm-needs-code", figures=proof["code"]))
    challenges.note_wrong_confirmation(talk.session, talk.user_id, talk.slots["group"], talk.at)
    wrong = proof["wrong"] + 1
    if wrong >= MOST_WRONG:
        return talk.answer("confirm-stopped")
    return _again(talk, proof | {"wrong": wrong}, talk.say("confirm-wrong-code"))


def _word(talk: Talk) -> str:
    """The first word, without what surrounds it; a thumb is a yes."""
    said = talk.incoming.text.strip().casefold().lstrip("*")
    if said.startswith("\N{THUMBS UP SIGN}"):
        return "yes"
    return re.split(r"[\s,.!*]+", said, maxsplit=1)[0]


def _put(talk: Talk, words: str, code: str) -> str:
    return talk.say("confirm", words=words, figures=code)


def _again(talk: Talk, proof: dict[str, Any], words: str) -> Answer:
    question = talk.question or ""
    return talk.ask(question, words, **(talk.slots | {"proof": proof}))
