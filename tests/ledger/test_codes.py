"""Join codes: found however they were typed, never where there is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import codes

unhurried = settings(deadline=None, max_examples=60)
SEPARATORS = ["", " ", "-", "–", "—", ".", "\n", " - "]


@pytest.mark.parametrize(
    "typed",
    [
        "UMOJA-7K3M9Q",
        "umoja-7k3m9q",
        "umoja 7k3m 9q",
        "UMOJA7K3M9Q",
        "7K3M9Q",
        "7 k 3 m 9 q",
        "UMOJA–7K3M9Q",
        "UMOJA—7K3M9Q",
        "UMOJA.7K3M9Q.",
        "  UMOJA-7K3M9Q\n",
        "join umoja-7k3m9q",
        "Umoja wa Wanawake 7K3M9Q",
    ],
)
def test_a_code_is_found_however_it_was_typed(typed: str) -> None:
    assert codes.find(typed) == "7K3M9Q"


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "UMOJA", "7K3M9", "UMOJA-7K3M9", "UMOJA-7K3M9A", "UMOJA-0K3M9Q", "UMOJA-1K3M9Q", "☂"],
)
def test_what_is_no_code_is_not_taken_for_one(typed: str) -> None:
    assert codes.find(typed) is None


def test_letters_and_digits_that_look_alike_are_not_used() -> None:
    assert not set("01AEIOUL") & set(codes.ALPHABET)
    assert len(set(codes.ALPHABET)) == len(codes.ALPHABET) == 28


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("Umoja", "UMOJA"), ("Umoja wa Wanawake", "UMOJAWAW"), ("Chama 24", "CHAMA"), ("☂ 24", "GROUP"), ("", "GROUP")],
)
def test_a_code_starts_with_the_groups_name(name: str, prefix: str) -> None:
    assert codes.new(name).split("-")[0] == prefix


def test_two_codes_of_one_name_differ() -> None:
    assert len({codes.new("Umoja") for _ in range(200)}) == 200


@unhurried
@given(name=st.text(max_size=40))
def test_a_new_code_is_found_whatever_the_name(name: str) -> None:
    code = codes.new(name)
    assert codes.find(code) == code[-codes.LENGTH :]


@unhurried
@given(name=st.text(max_size=40), data=st.data())
def test_case_and_separators_do_not_matter(name: str, data: st.DataObject) -> None:
    code = codes.new(name)
    typed = "".join(
        data.draw(st.sampled_from([letter, letter.lower()])) + data.draw(st.sampled_from(SEPARATORS)) for letter in code
    )
    assert codes.find(typed) == code[-codes.LENGTH :]


@unhurried
@given(st.text())
def test_whatever_is_found_could_be_a_code(typed: str) -> None:
    found = codes.find(typed)
    assert found is None or (len(found) == codes.LENGTH and set(found) <= set(codes.ALPHABET))
