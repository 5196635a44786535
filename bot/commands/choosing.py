"""A member of several groups says which one is meant; the choice sticks until they change it."""

from rapidfuzz import fuzz, process

from bot.talk import Answer, GroupView, Talk

# Questions whose answer may be any words: a command interrupts none of the first, and a typo of one none of the others.
TAKES_ANY_TEXT = frozenset({"creating.name"})
# Questions that are answered in one's own words.
TAKES_WORDS = frozenset({"withdrawing.reason", "borrowing.reason", "leaving.reason"})
# Commands that only show something: the open question stays open behind them.
LOOKS = frozenset(
    {"balance", "history", "members", "statement", "group_statement", "receipt", "seal", "check", "loan", "rules"}
    | {"vote", "code", "paid"}
)
TAKES_A_WORD = TAKES_ANY_TEXT | {"joining.name", "joining.code", "choosing.group"}


def group(talk: Talk, rest: str) -> Answer:
    """`group`, `group Umoja`: choose another one."""
    if not talk.groups:
        return talk.answer("no-group")
    if len(talk.groups) == 1:
        return talk.answer("group-only-one", group=talk.groups[0].name)
    named = _named(talk.groups, rest)
    if named is not None:
        talk.group_id = named.id
        return talk.answer("group-chosen", group=named.name)
    return talk.ask("choosing.group", _question(talk))


def ask_group(talk: Talk) -> Answer:
    """Asks which group, and comes back to what the member wanted."""
    if not talk.groups:
        return talk.answer("no-group")
    return talk.ask("choosing.group", _question(talk), then=talk.incoming.text)


def take_group(talk: Talk) -> Answer:
    """The answer to "which group?": its number or its name."""
    chosen = _named(talk.groups, talk.incoming.text)
    if chosen is None:
        return talk.ask("choosing.group", _question(talk), **talk.slots)
    talk.group_id = chosen.id
    then = talk.slots.get("then")
    return Answer("", then=then) if then else talk.answer("group-chosen", group=chosen.name)


def _question(talk: Talk) -> str:
    lines = [f"{number} {group.name}" for number, group in enumerate(talk.groups, start=1)]
    return talk.say("which-group", list="\n".join(lines))


def _named(groups: list[GroupView], text: str) -> GroupView | None:
    said = text.strip().strip(".!").casefold()
    if said.isdecimal():
        return groups[int(said) - 1] if 1 <= int(said) <= len(groups) else None
    if not said:
        return None
    names = [group.name.casefold() for group in groups]
    cutoff = 100 if said in names else 80
    fitting = process.extract(said, names, scorer=fuzz.ratio, score_cutoff=cutoff, limit=2)
    return groups[fitting[0][2]] if len(fitting) == 1 else None
