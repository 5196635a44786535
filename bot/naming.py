"""Whom a name means: one member, or the answer that it is nobody's, or several people's."""

from collections.abc import Sequence

from bot import requests
from bot.talk import Answer, GroupView, Talk
from ledger import groups
from ledger.groups import Member


def member(talk: Talk, view: GroupView, name: str, others: Sequence[Member] = ()) -> Member | Answer:
    """The member (or one of the others) whom a name means, or the answer that it is nobody's, or several people's."""
    everybody = [*groups.members(talk.session, view.id), *others]
    said = name.strip(" .,!")
    if said.casefold() in ("me", "myself"):
        return next(member for member in everybody if member.user_id == talk.user_id)
    fitting = requests.named(everybody, said)
    if not fitting:
        return talk.answer("no-such-member", name=requests.one_line(said)[:40], group=view.name)
    if len(fitting) > 1:
        names = ", ".join(member.name for member in fitting[:5])
        return talk.answer("which-member", name=requests.one_line(said)[:40], list=names)
    return fitting[0]
