"""The seal: a short code that every member can keep, and later hold against the book."""

from bot.talk import Answer, GroupView, Talk
from ledger import receipts, seals
from ledger.seals import Finding


def seal(talk: Talk, rest: str) -> Answer:
    """`seal`: the code that stands for the whole book as it is now. `seal 9F3A-22C1` checks one."""
    if seals.read(rest) is not None:
        return check(talk, rest)
    group = talk.group()
    head = seals.head(talk.session, group.id)
    return talk.answer("seal", group=group.name, seal=head.short, line=head.line)


def check(talk: Talk, rest: str) -> Answer:
    """`check 9F3A-22C1`: whether and where in the book that seal stands, and whether all before it is untouched."""
    if not talk.groups:
        return talk.answer("no-group")
    wanted = seals.read(rest)
    if wanted is None:
        words = talk.say("seal-unreadable" if rest else "ask-seal")
        return talk.ask("proving.seal", words)
    # The one the member talks about first; a seal from another group of theirs is found as well.
    for group in sorted(talk.groups, key=lambda each: each.id != talk.group_id):
        finding = seals.find(talk.session, group.id, wanted)
        if finding is not None:
            return _found(talk, group, finding)
    groups = ", ".join(group.name for group in talk.groups)
    return talk.answer("seal-unknown", group=groups, seal=seals.short(wanted))


def take_seal(talk: Talk) -> Answer:
    """The answer to "which seal?"."""
    return check(talk, talk.incoming.text)


def _found(talk: Talk, group: GroupView, finding: Finding) -> Answer:
    receipt = receipts.at_line(talk.session, group.id, finding.seal.line)
    return talk.answer(
        "seal-found" if finding.intact else "seal-broken",
        group=group.name,
        seal=finding.seal.short,
        line=finding.seal.line,
        last=finding.last_line,
        date=talk.date(finding.seal.at, group.time_zone),
        number=f"R-{receipt}" if receipt else "none",
    )
