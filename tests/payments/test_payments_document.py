"""What docs/payments.md says is so: its quoted words, its tables of ways, states and differences, its commands."""

import re

import pytest

from payments import cli, providers, remedies, routing
from payments.models.words import CHECKOUT_STATES, DIFFERENCES, DISPUTE_STATES, PAYOUT_STATES, REFUND_STATES
from payments.outcomes import Outcome
from payments.provider_charges import Method
from tests.conftest import ROOT, settings_of

DOCUMENT = (ROOT / "docs" / "payments.md").read_text()
TEXTS = "\n".join(path.read_text() for path in sorted((ROOT / "bot" / "texts" / "en").glob("*.ftl")))
QUOTED = re.findall(r'"([^"]+)" \(`([\w.-]+)`\)', DOCUMENT)


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    part = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = part[part.index("\n|") + 1 :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def words_of(place: str) -> str:
    """Everything that stands under a Fluent id, or in a page, in one line."""
    if place.endswith(".html"):
        found = (ROOT / "payments" / "templates" / place).read_text()
    else:
        message = re.search(rf"^{re.escape(place)} =(.*(?:\n[ }}].*|\n(?=\n ))*)", TEXTS, re.M)
        found = message[1] if message else ""
    return " ".join(found.split())


@pytest.mark.parametrize(("said", "place"), QUOTED)
def test_every_quoted_word_is_the_products_own(said: str, place: str) -> None:
    assert said in words_of(place)


def test_every_fault_says_what_is_heard_and_what_the_books_say() -> None:
    assert len(QUOTED) >= 20
    faults = DOCUMENT.split("## Every fault")[1].split("\n## ")[0]
    told = [line.split(" | ") for line in faults.splitlines() if line.startswith("| ")]
    assert len(told) >= 20
    assert all(len(cells) == 3 and all(cell.strip("| ") for cell in cells) for cells in told)


def test_every_kind_of_difference_is_explained_and_what_mends_itself_is_marked() -> None:
    told = {kind.strip("`"): mended.strip("| ") for kind, _, mended in rows("Their books beside ours")}
    assert list(told) == list(DIFFERENCES)
    assert {kind for kind, mended in told.items() if mended.startswith("yes")} == set(remedies._REMEDIES)


def test_every_command_is_there_and_none_is_missing() -> None:
    told = {" ".join(name.strip("`").split()[:2]) for name, _ in rows("What an operator can do")}
    groups = {"payments": cli.payments, "payouts": cli.payouts}
    assert told == {f"{group} {name}" for group, commands in groups.items() for name in commands.commands}
    for group, name in re.findall(r"`(payments|payouts) ([a-z-]+)", DOCUMENT):
        assert name in groups[group].commands


def test_the_ways_to_pay_are_those_of_the_routes() -> None:
    codes = {"Kenya": "KE", "Nigeria": "NG", "Ghana": "GH", "South Africa": "ZA", "Uganda": "UG"}
    told = rows("Who collects and pays out where")
    assert len(told) == len(codes)
    with settings_of(
        DATABASE_URL="postgresql://unused",
        REDIS_URL="redis://unused",
        FLUTTERWAVE_SECRET_KEY="key",  # noqa: S106
        FLUTTERWAVE_SECRET_HASH="hash",  # noqa: S106
    ):
        assert [provider.name for provider in providers.configured()] == list(routing.DEFAULT)
        for place, ways, kinds in told:
            country, currency = place.removesuffix(")").split(" (")
            offered: set[Method] = set(routing.methods(codes[country], currency))
            assert set(ways.split(", ")) == offered
            assert set(kinds.strip("| ").split(", ")) == set(
                routing.payer_out(codes[country], currency).account_kinds(currency)
            )


def test_every_outcome_and_state_is_named() -> None:
    for word in (*(outcome.value for outcome in Outcome), *CHECKOUT_STATES, *PAYOUT_STATES):
        assert f"`{word}`" in DOCUMENT
    for word in (*REFUND_STATES, *DISPUTE_STATES):
        assert f"`{word}`" in DOCUMENT
