"""Every sentence a member reads: each one can be said on both channels, and an SMS stays short."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from fluent.runtime import FluentResource
from fluent.syntax.ast import Message

from bot import texts
from bot.channels import gsm7
from tests.conftest import ROOT

LANGUAGES = sorted(path.parent.name for path in texts.HERE.glob("*/messages.ftl"))
PRINTED = "documents.ftl"
MOST_SEGMENTS = 2
LONGEST_WHATSAPP = 1_024  # with buttons; plain texts may have 1,600 characters

# Values as long as they can be: names of forty letters, large amounts.
LONG: dict[str, Any] = {
    "name": "Nakato Namubiru Nabirye Nankya Nalubegas",
    "inviter": "Nakato Namubiru Nabirye Nankya Nalubegas",
    "group": "Umoja wa Wanawake wa Soko la Gikomba Mji",
    "currency": "KES",
    "code": "UMOJAWAW-7K3M9Q",
    "link": "https://wa.me/14155238886?text=join%20UMOJAWAW-7K3M9Q",
    "phone": "+254712345678",
    "officers": "Nakato, Baraka",
    "amount": "KES 125,000.50",
    "fee": "KES 1,903.56",
    "gross": "KES 126,904.06",
    "own": "KES 1,250,000.50",
    "total": "KES 12,500,000",
    "open": "KES 125,000.50",
    "limit": "KES 250,000",
    "plain": "125000.50",
    "number": "R-1234",
    "count": 50,
    "more": 43,
    "extra": "yes",
    "state": "processing",
    "date": "22 Nov",
    "command": "contribute",
    "example": "contribute 5000",
    "list": "Nakato (chair), Baraka (treasurer), Chidi, Efua, Yaw, Abena, Kojo, Thandi, Sipho, Lerato",
    "lines": "22 Nov KES 125,000.50 R-1234\n21 Nov KES 500, not paid yet\n20 Nov KES 500, closed, not paid",
    "balance": "Umoja wa Wanawake wa Soko la Gikomba Mji: you have KES 1,250,000.50, the group has KES 12,500,000.",
    "seal": "9F3A-22C1",
    "line": 12_345,
    "last": 123_456,
    "whose": "group",
    "since": "22 Sep 2026",
    "until": "22 Nov 2026",
    "first": "22 Sep 2026",
    "opening": "KES 1,250,000.50",
    "closing": "KES 12,500,000.50",
    "named": "yes",
    "reversed": "yes",
    "words": "Umoja, receipt R-1234: KES 125,000.50 on 22 Nov saved by Ama. Seal 9F3A-22C1.",
    "kind": "reversal",
    "undone": "R-1240",
    "came": "KES 125,000.50",
    "went": "KES 125,000.50",
    "out": "yes",
    "officer": "Nakato Namubiru Nabirye Nankya Nalubegas",
    "reason": "wrong member: the money was Baraka's",
    "new": 1240,
    "question": "Nakato Namubiru Nabirye wants KES 125,000.50 of own savings for Nakato Namubiru Nabirye (school fees"
    " of the second term in Kisumu for two), to Co-operative Bank ...678. Group then: KES 12,500,000.50.",
    "figures": "4821",
    "help": "contribute 5000",
    "what": "KES 125,000.50 to Nakato Namubiru Nabirye (school fees of the second term in Kisumu for two)",
    "account": "Co-operative Bank ...678",
    "holder": "NAKATO NAMUBIRU NABIRYE NANKYA",
    "bank": "Co-operative Bank",
    "payee": "Nakato Namubiru Nabirye",
    "asker": "Nakato Namubiru Nabirye",
    "to": "other",
    "after": "KES 12,500,000.50",
    "receipt": "1234",
    "yes": 26,
    "no": 24,
    "eligible": 50,
    "needed": 26,
    "choice": "silent",
    "abstains": "yes",
    "left": 2,
    "counted": "yes",
    "result": "stuck",
    "problem": "there is not enough free money",
    "why": "deadline",
    "held": "KES 125,000.50",
    "owed": "KES 125,000.50",
    "place": "provider",
    "now": "Co-operative Bank ...567",
    "members": 500,
    "contribution": "KES 125,000.50",
    "withdrawal": "KES 125,000.50",
    "bearer": "payer",
    "reversal": "10 %",
    "page": "Umoja wa Wanawake wa Soko la Gikomba Mji: up to 500 members. One contribution: KES 125,000.50. "
    "One withdrawal: KES 125,000.50. Payment fee: the member pays."
    " An officer may reverse mistakes of up to 10 % of the money.",
    "rate": "2.5 %",
    "span": "monthly",
    "borrowed": "KES 1,000",
    "cost": "KES 25",
    "way": "declining_equal",
    "longest": 520,
    "times": 3,
    "most": 20,
    "backers": 10,
    "patience": "60 days",
    "charged": "yes",
    "late_rate": "1.5 %",
    "base": "instalment",
    "rounding": "KES 125,000.50",
    "step": "KES 125,000.50",
    "overpayment": "savings",
    "hours": "14 days",
    "rule": "what an officer may reverse, of the group's money",
    "was": "on what is owed, equal instalments",
    "becomes": "on what is owed, equal principal",
    "word": "largest contribution",
    "unit": "word",
    "value": "declining_principal",
    "role": "member",
    "witness": "Nakato Namubiru Nabirye",
    "loan": "yes",
    "period": "monthly",
    "schedule": "12 times KES 11,825.75 from 24 Dec on, the last KES 11,825.70 on 24 Nov 2027",
    "guarantors": 2,
    "multiple": 3,
    "share": "KES 62,500.25",
    "names": "Nakato Namubiru Nabirye, Baraka Wanjiku",
    "principal": "KES 125,000.50",
    "overdue": "KES 11,825.75",
    "next": "KES 11,825.75",
    "settle": "KES 127,500.50",
    "parts": "KES 1,500 penalty, KES 2,500.50 interest, KES 120,000 loan",
    "surplus": "KES 1,500",
    "settles": "yes",
    "row": 12,
    "gone": "yes",
    "lead": "Umoja wa Wanawake wa Soko la Gikomba Mji: you pay back KES 125,000.50 (KES 1,500 penalty, KES 2,500.50"
    " interest, KES 120,000 loan). KES 1,500 goes to your savings.",
    "price": "With the fee of KES 1,903.56 you pay KES 126,904.06.",
    "how": "Dial *110# for a Telecel Cash voucher, then send it to me like this: voucher 123456",
    "task": "pay exactly NGN 126,904.06 into Wema Bank 1234567890 (PAYSTACK CHECKOUT / GROUPWALLET), in one transfer,"
    " by Fri 27 Nov 14:30",
    "wallet": "Guaranty Trust Bank",
    "dial": "*737*33*4*18791#",
    "digits": "1234567890",
    "called": "Guaranty Trust Bank code",
    "other": "transfer",
}
SHORT: dict[str, Any] = LONG | {
    "name": "Ama",
    "inviter": "Ama",
    "group": "Umoja",
    "code": "UMOJA-7K3M9Q",
    "link": "https://groupwallet.example/p/AbCdEfGhIjKl",
    "amount": "KES 5,000",
    "fee": "KES 77",
    "gross": "KES 5,077",
    "own": "KES 5,000",
    "total": "KES 7,500",
    "open": "KES 5,000",
    "plain": "5000",
    "number": "R-1",
    "count": 2,
    "extra": "no",
    "list": "Ama (chair), Baraka",
    "lines": "22 Nov KES 5,000 R-1",
    "balance": "Umoja: you have KES 5,000, the group has KES 7,500.",
    "line": 57,
    "last": 80,
    "whose": "own",
    "opening": "KES 0",
    "closing": "KES 7,500",
    "named": "no",
    "reversed": "no",
    "words": "Umoja, receipt R-1: KES 5,000 on 22 Nov saved by Ama. Seal 9F3A-22C1.",
    "kind": "contribution",
    "undone": "no",
    "came": "KES 5,000",
    "went": "KES 0",
    "out": "no",
    "officer": "Ama",
    "reason": "wrong member",
    "new": 8,
    "question": "Ama wants KES 5,000 of own savings (school fees), to M-PESA ...678. Group then: KES 7,500.",
    "what": "KES 5,000 to Ama (school fees)",
    "account": "M-PESA ...678",
    "holder": "none",
    "bank": "GTBank",
    "payee": "Ama",
    "asker": "Ama",
    "to": "own",
    "after": "KES 7,500",
    "receipt": "12",
    "yes": 2,
    "no": 1,
    "eligible": 5,
    "needed": 3,
    "abstains": "no",
    "counted": "yes",
    "result": "done",
    "why": "votes",
    "held": "none",
    "now": "none",
    "limit": "none",
    "until": "Fri 27 Nov 09:30",
    "members": 50,
    "contribution": "no limit",
    "withdrawal": "no limit",
    "page": "Umoja: up to 50 members. One contribution: no limit. "
    "One withdrawal: no limit. Payment fee: the member pays."
    " An officer may reverse mistakes of up to 10 % of the money.",
    "rate": "2 %",
    "cost": "KES 20",
    "longest": 12,
    "most": 1,
    "backers": 0,
    "patience": "3 days",
    "charged": "no",
    "rounding": "none",
    "step": "none",
    "hours": "3 days",
    "rule": "the interest on loans",
    "was": "2 %",
    "becomes": "3 %",
    "word": "interest",
    "unit": "percent",
    "value": "2",
    "role": "treasurer",
    "witness": "same",
    "loan": "no",
    "schedule": "3 times KES 6,935 from 24 Dec on, the last KES 6,934 on 24 Feb 2027",
    "guarantors": 0,
    "names": "Baraka",
    "principal": "KES 20,000",
    "overdue": "none",
    "next": "KES 6,935",
    "settle": "KES 20,400",
    "parts": "KES 400 interest, KES 4,600 loan",
    "surplus": "none",
    "settles": "no",
    "gone": "no",
    "share": "KES 5,000",
    "lead": "Umoja: you save KES 5,000.",
    "price": "With the fee of KES 77 you pay KES 5,077.",
    "how": "M-PESA asks for your PIN on this phone now.",
    "task": "pay exactly NGN 5,077 into Wema Bank 1234567890 (GROUPWALLET), in one transfer, by 14:30",
    "wallet": "GTBank",
    "called": "GTBank code",
    "other": "none",
}


def messages(language: str) -> dict[str, Message]:
    """What is said in the chat."""
    paths = (texts.HERE / language).glob("*.ftl")
    return {key: entry for path in sorted(paths) if path.name != PRINTED for key, entry in _entries(path)}


def printed(language: str) -> dict[str, Message]:
    """What stands in documents and is never sent as a message."""
    return dict(_entries(texts.HERE / language / PRINTED))


def _entries(path: Path) -> Iterator[tuple[str, Message]]:
    for entry in FluentResource(path.read_text()).body:
        if isinstance(entry, Message):
            yield entry.id.name, entry


def variables(message: Message) -> set[str]:
    return set(re.findall(r"\$(\w+)", " ".join(_names(message))))


def _names(node: Any) -> Iterator[str]:
    """`$name` of every variable under a node of Fluent's syntax tree."""
    if type(node).__name__ == "VariableReference":
        yield f"${node.id.name}"
    for value in vars(node).values() if hasattr(node, "__dict__") else ():
        for child in value if isinstance(value, list) else [value]:
            if hasattr(child, "__dict__"):
                yield from _names(child)


def without_codes(said: str) -> str:
    """A text without the codes to dial, whose stars are meant as stars."""
    return re.sub(r"\*\d[\d*]*#", "", said)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_every_message_can_be_said_with_the_values_it_names(language: str, channel: str) -> None:
    for key, message in messages(language).items():
        for values in (SHORT, LONG):
            said = texts.say(language, channel, key, **{name: values[name] for name in variables(message)})
            assert said.strip() == said and said, key
            assert not re.search(r"\{|\}|\$\w|None", said), f"{key}: {said}"
            if channel == "whatsapp":
                assert len(said) <= LONGEST_WHATSAPP, key
                assert without_codes(said).count("*") % 2 == 0, f"{key}: a bold mark stands alone"
            else:
                assert "*" not in without_codes(said).replace("*)", ""), f"{key}: an SMS shows stars as stars"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sms_is_pure_gsm7_and_short(language: str) -> None:
    usual, long = {}, {}
    for key, message in messages(language).items():
        for values, counted in ((SHORT, usual), (LONG, long)):
            said = texts.say(language, "sms", key, **{name: values[name] for name in variables(message)})
            assert gsm7.encoding(said) == "gsm7", f"{key}: {said}"
            assert len(said) <= 320, f"{key}: {len(said)} characters"
            counted[key] = gsm7.segments(said)
    assert max(long.values()) <= MOST_SEGMENTS, [key for key, count in long.items() if count > MOST_SEGMENTS]
    two = sorted(key for key, count in usual.items() if count > 1)
    print(f"\n{language}: {mean(usual.values()):.2f} segments per SMS ({mean(long.values()):.2f} with long names)", two)
    assert mean(usual.values()) <= 1.1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_a_document_is_one_plain_line(language: str) -> None:
    for key, message in printed(language).items():
        said = texts.say(
            language,
            "document",
            key,
            **{name: f"‹{name}›" for name in variables(message) - {"kind", "count"}},
            kind="",
            count=2,
        )
        assert said and not re.search(r"[{}*$\n]|None", said), f"{key}: {said}"
        assert "sms" not in message.attributes, key


def test_no_message_hides_another_of_the_same_name() -> None:
    for language in LANGUAGES:
        keys = [key for path in (texts.HERE / language).glob("*.ftl") for key, _ in _entries(path)]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_value_that_is_missing_is_an_error_and_not_a_gap(channel: str) -> None:
    for key, message in messages("en").items():
        for left_out in variables(message):
            given = {name: LONG[name] for name in variables(message) if name != left_out}
            try:
                said = texts.say("en", channel, key, **given)
            except KeyError:
                continue
            complete = texts.say("en", channel, key, **given, **{left_out: LONG[left_out]})
            assert said == complete, f"{key} without {left_out}: {said}"


def test_an_unknown_message_is_an_error_and_an_unknown_language_speaks_english() -> None:
    with pytest.raises(KeyError):
        texts.say("en", "sms", "no-such-message")
    assert texts.say("xx", "sms", "thanks") == texts.say("en", "sms", "thanks")
    assert texts.command_words("xx") == texts.command_words("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_messages_with_the_same_values(language: str) -> None:
    ours, english = messages(language) | printed(language), messages("en") | printed("en")
    assert set(ours) == set(english)
    assert {key: variables(message) for key, message in ours.items()} == {
        key: variables(message) for key, message in english.items()
    }


def test_a_number_of_members_is_written_as_people_say_it() -> None:
    values = {"group": "Umoja", "list": "Ama"}
    assert "1 member:" in texts.say("en", "sms", "members", count=1, **values)
    assert "2 members:" in texts.say("en", "sms", "members", count=2, **values)


def test_no_message_is_unused_and_none_that_is_used_is_missing() -> None:
    known, used = {*messages("en"), *printed("en")}, set()
    for path in sorted((ROOT / "bot").rglob("*.py")):
        for pattern in _keys_in(path):
            found = {key for key in known if re.fullmatch(pattern, key)}
            assert found, f"{path.relative_to(ROOT)} says {pattern!r}, which no message file has"
            used |= found
    assert known - used == set(), "nobody says these"


SAYING = {"say", "answer", "notify", "_queue", "Sentence", "_to_the_silent", "_tell", "_about_refund"}


def _keys_in(path: Path) -> Iterator[str]:
    """The keys of messages in a file, as patterns: `f"amount-{problem}"` is `amount-.+`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and _name(node.func) in SAYING:
            for argument in node.args:
                yield from _patterns(argument)


def _patterns(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[a-z][a-z_-]+", node.value):
        yield re.escape(node.value)
    elif isinstance(node, ast.JoinedStr):
        parts = [re.escape(part.value) if isinstance(part, ast.Constant) else ".+" for part in node.values]
        if not any(":" in part for part in parts):  # A colon is in keys of work, never in a message's name.
            yield "".join(parts)
    elif isinstance(node, ast.IfExp):
        yield from _patterns(node.body)
        yield from _patterns(node.orelse)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
