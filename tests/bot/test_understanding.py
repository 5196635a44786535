"""What a text asks for: exact words, near misses, and never a command from the middle of a sentence."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot import texts, understanding
from bot.commands import COMMANDS
from bot.understanding import MONEY_COMMANDS, Understood, read

SURE = [
    ("contribute 5000", "contribute", "5000"),
    ("CONTRIBUTE 5000", "contribute", "5000"),
    ("Contribute   5,000  ", "contribute", "5,000"),
    ("contribute\n5000", "contribute", "5000"),
    ("contribute: 5000", "contribute", "5000"),
    ("*contribute* 5000", "contribute", "5000"),
    ("'contribute' 5000", "contribute", "5000"),
    ("contribute", "contribute", ""),
    ("contribute!", "contribute", ""),
    ("save 5k", "contribute", "5k"),
    ("pay in 500", "contribute", "500"),
    ("please contribute 5000", "contribute", "5000"),
    ("Please, kindly contribute 5000", "contribute", "5000"),
    ("pls save 50", "contribute", "50"),
    ("contribute5000", "contribute", "5000"),
    ("Contribute5,000 please", "contribute", "5,000 please"),
    ("save5k", "contribute", "5k"),
    ("balance", "balance", ""),
    ("my balance", "balance", ""),
    ("How much?", "balance", ""),
    ("balance?", "balance", ""),
    ("“balance”", "balance", ""),
    ("my balance please", "balance", "please"),
    ("my payments", "history", ""),
    ("i have paid 500", "paid", "500"),
    ("I paid", "paid", ""),
    ("my name is Ama", "name", "is Ama"),
    ("new group Umoja", "create", "Umoja"),
    ("create group Umoja in NGN", "create", "Umoja in NGN"),
    ("join UMOJA-7K3M9Q", "join", "UMOJA-7K3M9Q"),
    ("add member 0712 345 678", "invite", "0712 345 678"),
    ("invite +254712345678", "invite", "+254712345678"),
    ("good morning", "greeting", ""),
    ("Hello!", "greeting", ""),
    ("thank you so much", "thanks", "so much"),
    ("never mind", "cancel", ""),
    ("0", "cancel", ""),
    ("0.", "cancel", ""),
    ("?", "help", ""),
    ("MENU", "help", ""),
]

ASKED = [
    ("contrbute 5000", "contribute", "5000"),
    ("contribut 5000", "contribute", "5000"),
    ("contributes 5000", "contribute", "5000"),
    ("cotribute", "contribute", ""),
    ("balnce", "balance", ""),
    ("histroy", "history", ""),
    ("membrs", "members", ""),
    ("invte 0712345678", "invite", "0712345678"),
]

# Sentences in which the words stand in the middle, are denied, or are somebody else's.
NOTHING = [
    "don't contribute 500",
    "don't contribute",
    "dont contribute 500",
    "do not contribute 500",
    "I don't want to contribute 500",
    "never contribute 5000",
    "not contribute 5000",
    "my brother said he will contribute 5000",
    "my brother contributes 5000",
    "I will contribute 5000 tomorrow",
    "should I contribute 5000?",
    "he said: contribute 5000",
    "can you contribute 5000",
    "if I contribute 5000",
    "5000 contribute",
    "5000",
    "why contribute",
    "the balance",
    "what is my balance",
    "tell me how much",
    "and help",
    "",
    "   ",
    "...",
    "😀",
    "😀 contribute 500",
    "contribute-5000",
    "c 5000",
    "con 5000",
    "bla bla",
    "1",
    "00",
    "0712345678",
    "7K3M9Q",
    "UMOJA-7K3M9Q",
    "umoja7k3m9q",
    "please",
    "please please",
]


@pytest.mark.parametrize(("text", "command", "rest"), SURE)
def test_the_words_of_a_command_start_it(text: str, command: str, rest: str) -> None:
    assert read(text, "en") == Understood(command, rest, sure=True)


@pytest.mark.parametrize(("text", "command", "rest"), ASKED)
def test_a_near_miss_is_a_guess_and_says_so(text: str, command: str, rest: str) -> None:
    assert read(text, "en") == Understood(command, rest, sure=False)


@pytest.mark.parametrize("text", NOTHING)
def test_a_word_further_on_starts_nothing(text: str) -> None:
    assert read(text, "en").command is None


@pytest.mark.parametrize("text", ["safe 5000", "deposits 500", "contributor 5000", "contributing 500", "xcontribute 5"])
def test_whatever_is_near_to_moving_money_is_never_taken_for_sure(text: str) -> None:
    understood = read(text, "en")
    assert (understood.command in MONEY_COMMANDS, understood.sure) != (True, True)


def test_every_command_that_moves_money_has_a_way_to_ask_first() -> None:
    assert {f"{command}?" for command in MONEY_COMMANDS} <= set(COMMANDS)


@pytest.mark.parametrize(
    "language", sorted(path.name for path in texts.HERE.iterdir() if path.is_dir() and path.name.isalpha())
)
def test_every_word_starts_its_own_command_and_every_command_has_words(language: str) -> None:
    words = texts.command_words(language)
    spoken = {command for command in COMMANDS if not command.endswith("?")} | {"help", "cancel"}
    assert set(words) == spoken
    everything = [word for each in words.values() for word in each]
    assert len(everything) == len(set(everything)), "a word stands for two commands"
    for command, each in words.items():
        for word in each:
            assert word == word.casefold() and len(word.split()) <= 3
            assert read(word, language) == Understood(command, "", sure=True)
            assert read(f"{word.upper()}!", language).command == command


def test_no_word_that_twilio_keeps_for_opting_out_is_needed_for_a_command_on_sms() -> None:
    kept = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "start", "yes", "unstop"}
    kept |= {"help", "info"}
    for command, words in texts.command_words("en").items():
        assert set(words) - kept, f"{command} cannot be reached by SMS"


@given(
    before=st.text(alphabet="abcdefghijklmnopqrstuvwxyz' ", min_size=1).map(str.strip).filter(bool),
    amount=st.integers(1, 10**6),
)
@example(before="don't", amount=500)
@example(before="he will", amount=5000)
def test_words_before_the_command_take_away_its_certainty(before: str, amount: int) -> None:
    first = understanding.read(before, "en")
    understood = understanding.read(f"{before} contribute {amount}", "en")
    if first.command is None and before.split()[0] not in understanding.POLITE:
        assert (understood.command, understood.sure) != ("contribute", True)


@given(st.text(max_size=300))
@example("\x00")
@example("contribute\x00 500")
def test_no_text_is_an_error(text: str) -> None:
    understood = read(text, "en")
    assert understood.command is None or understood.command in {*COMMANDS, "help", "cancel"}
