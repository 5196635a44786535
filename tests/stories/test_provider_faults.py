"""Every fault of a provider, lived through at both of them: what members hear, what the books say, what it has.

A group in Kenya is served by Paystack, one in Uganda by Flutterwave. They live through each fault side by side, and
after each the whole book is computed again and must be the provider's balance to the cent.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from core.money import Money
from ledger.cli import ledger as books
from payments.cli import payments
from sandbox.house import House, started
from sandbox.services import free_port
from tests.conftest import copy_of, redis_for_tests, settings_of
from tests.stories.actors import STAND_INS, Member, World, eventually
from tests.stories.doors import Door
from tests.stories.sides import LONG_PATIENCE_SECONDS, PATHS, Side, later, operates, quiet, unbooked

# The product waits for a provider this long; a fault "slow" answers just in time, "timeout" too late.
PATIENCE_SECONDS, SLOW_SECONDS, TOO_SLOW_SECONDS = 1.5, 0.7, 3
# "shut": nobody listens there, so that nothing can have left. "refuse": they hang up without an answer.
CALLS: dict[str, dict[str, float]] = {
    "shut": {},
    "refuse": {},
    "http_500": {},
    "timeout": {"seconds": TOO_SLOW_SECONDS},
    "slow": {"seconds": SLOW_SECONDS},
}
EVENTS = ("duplicate_webhooks", "late_webhooks", "lose_webhooks", "shuffle_webhooks", "forge_webhooks")
UNKNOWN = {"refuse", "http_500", "timeout"}


@pytest.fixture(scope="module")
def sandbox_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def doors(sandbox_port: int) -> dict[str, Door]:
    """Those to both providers."""
    return {provider: Door(sandbox_port) for provider in PATHS}


@pytest.fixture(scope="module")
def house(
    server_url: str,
    migrated: str,
    tmp_path_factory: pytest.TempPathFactory,
    sandbox_port: int,
    doors: dict[str, Door],
) -> Iterator[House]:
    """A house of its own, which does not wait long for a provider and goes to it through a door."""
    folder: Path = tmp_path_factory.mktemp("faults")
    with copy_of(server_url, migrated) as url, redis_for_tests(folder, place=2) as redis_url:
        house = House(
            url, redis_url, folder, sandbox_port=sandbox_port, job_timeout_seconds=15, webhook_retry_seconds=1,
            provider_timeout_seconds=PATIENCE_SECONDS, provider_pause_seconds=1,
        )  # fmt: skip
        house.provider_origins = {name: f"http://127.0.0.1:{door.port}" for name, door in doors.items()}
        with started(house), settings_of(**house.own_environment()):
            yield house


@pytest.fixture(scope="module")
def sides(house: House, doors: dict[str, Door]) -> list[Side]:
    """The two groups, which have saved, and whose Ama has an account that can be used."""
    world, found = World(house), []
    for provider, country, currency, step, first, wallet in (
        ("paystack", "KE", "KES", 1, 101, ("mpesa", "M-PESA")),
        ("flutterwave", "UG", "UGX", 100, 501, ("mtn", "MTN")),
    ):
        code, (ama, baraka) = world.circle("whatsapp", "whatsapp", country=country)
        found.append(
            Side(world, provider, currency, code, ama, baraka, step, doors[provider], numbers=itertools.count(first))
        )
        ama.saves(str(20_000 * step)).has_account(*wallet)
    world.forward("25h")
    for side in found:
        side.ama.texts("hi")
        side.baraka.texts("hi")
    return found


@pytest.fixture
def both(world: World, sides: list[Side]) -> Iterator[list[Side]]:
    """Both sides; afterwards no fault is left, every book is right, and what it says is what lies at the provider."""
    yield sides
    left = [fault for fault in world.call("GET", "/sandbox/faults")["faults"] if fault["target"] != "twilio"]
    assert left == [], "a fault was ordered and met nobody"
    quiet(world)
    operates(books, "verify")
    for side in sides:
        assert world.books(side.code)["entries_sum_minor"] == 0
        assert unbooked(world, side.provider, side.currency) == side.returned_fees
        other = "paystack" if side.provider == "flutterwave" else "flutterwave"
        assert world.transfers(side.ama.phone, other) == []


@pytest.mark.parametrize("kind", CALLS)
def test_a_payment_counts_once_whatever_becomes_of_the_calls(both: list[Side], kind: str) -> None:
    amounts = [side.money() for side in both]
    for side, amount in zip(both, amounts, strict=True):
        before = side.savings()
        link = side.asks(side.baraka, amount)
        # Where one is surely not reached the other is asked, so for "shut" both must be.
        struck = both if kind == "shut" else [side]
        for each in struck:
            each.fault(kind, "open", method="POST", **CALLS[kind])
        if kind != "slow":
            page = requests.post(link, timeout=20, allow_redirects=False)
            assert page.status_code == 503
            assert "Nothing was taken" in page.text
            side.mends(kind)
            for each in struck:
                each.door.open()
            side.baraka.texts("history").expects(f"{amount}, not paid yet")
        reference = side.baraka.opens_checkout(link)
        assert side.savings() == before
        side.fault(kind, "verify", method="GET", **CALLS[kind])
        side.baraka.pays(reference)
        side.mends(kind)
    if kind != "slow":
        later(both[0].world, "3m")
    for side, amount in zip(both, amounts, strict=True):
        side.one_receipt(side.baraka, amount)


@pytest.mark.parametrize("kind", EVENTS)
def test_a_payment_counts_once_whatever_becomes_of_the_webhooks(both: list[Side], kind: str) -> None:
    world, amounts = both[0].world, [(side.money(), side.money()) for side in both]
    for side, (first, second) in zip(both, amounts, strict=True):
        side.fault(kind, count=1 if kind == "shuffle_webhooks" else 2)
        for who, amount in ((side.baraka, first), (side.ama, second)):
            side.asks(who, amount)
            who.pays()
    if kind in ("late_webhooks", "lose_webhooks"):
        later(world, "3m")
    for side, (first, second) in zip(both, amounts, strict=True):
        side.one_receipt(side.baraka, first)
        side.one_receipt(side.ama, second)
    if kind == "late_webhooks":
        world.forward("2h")  # Now they come, and have nothing new to say.
        quiet(world)
        for side, (first, second) in zip(both, amounts, strict=True):
            side.one_receipt(side.baraka, first)
            side.one_receipt(side.ama, second)


def test_another_amount_is_held_until_a_person_books_what_came(both: list[Side]) -> None:
    world = both[0].world
    for side in both:
        amount, before = side.money(), side.savings()
        side.fault("wrong_amount")
        side.asks(side.baraka, amount)
        reference = side.baraka.pays()
        for who in (side.baraka, side.ama):
            who.hears("A person is checking it", "Nothing is lost")
        quiet(world)
        assert side.savings() == before
        assert unbooked(world, side.provider, side.currency) > 0
        assert reference in operates(payments, "held")
        operates(payments, "book", reference, "--because", "half of it came")
        came = side.savings()["Baraka"] - before["Baraka"]
        assert 0 < came < amount.amount_minor
        side.one_receipt(side.baraka, Money(came, side.currency))


def test_another_currency_is_held_until_a_person_has_given_it_back(both: list[Side]) -> None:
    for side in both:
        amount, before = side.money(), side.savings()
        heard = side.baraka.count("A person is checking it")
        side.fault("wrong_currency")
        side.asks(side.baraka, amount)
        reference = side.baraka.pays()
        eventually(
            lambda side=side, heard=heard: side.baraka.count("A person is checking it") == heard + 1,
            lambda: "nobody was told",
        )
        side.world.acts(reference, "reverse")
        operates(payments, "let-go", reference, "--because", "given back at the provider")
        side.baraka.hears("was not what was asked for, so it was given back to you")
        assert side.savings() == before


def test_a_payment_that_is_taken_back_later_is_found_at_night_and_told(both: list[Side]) -> None:
    world, amounts, before = both[0].world, [side.money() for side in both], [side.savings() for side in both]
    for side, amount in zip(both, amounts, strict=True):
        side.fault("reversed_later", seconds=3600)
        side.asks(side.baraka, amount)
        reference = side.baraka.pays()
        side.one_receipt(side.baraka, amount)
        if side.provider == "flutterwave":  # The stand-in gives its fee back too; Paystack keeps it.
            fee = "SELECT charged_minor FROM checkouts WHERE reference = :reference"
            side.returned_fees += world.sql(fee, reference=reference)[0][0]
    world.forward("2h")  # No provider sends an event of it.
    said = operates(payments, "reconcile")
    assert said.count("1 missing webhook found and posted; 0 differences open") == 2
    for side, had in zip(both, before, strict=True):
        for who in (side.baraka, side.ama):
            who.hears("the payment service took back", "of Baraka", "Their savings are less by that")
            assert who.count("the payment service took back") == 1
        assert 0 <= had["Baraka"] - side.savings()["Baraka"] <= had["Baraka"] // 10


@pytest.mark.parametrize("kind", CALLS)
def test_a_payout_is_made_once_whatever_becomes_of_the_call(both: list[Side], kind: str) -> None:
    amounts, before = [side.money() for side in both], [side.savings() for side in both]
    for side, amount in zip(both, amounts, strict=True):
        side.fault(kind, "send", method="POST", **CALLS[kind])
        side.withdraws(amount)
        side.mends(kind)
    if kind in UNKNOWN:
        for side, amount in zip(both, amounts, strict=True):
            state = "SELECT 1 FROM payouts WHERE amount_minor = :amount AND state = 'unknown'"
            eventually(
                lambda side=side, amount=amount, state=state: side.world.sql(state, amount=amount.amount_minor),
                lambda: "its outcome is known",
            )
            side.ama.texts("history").expects(f"{amount} withdrawal, on its way")
    if kind != "slow":
        later(both[0].world, "11m" if kind in ("refuse", "http_500") else "3m")
    for side, amount, had in zip(both, amounts, before, strict=True):
        side.one_payout(amount)
        [transfer] = side.transfers(amount)
        assert had["Ama"] - side.savings()["Ama"] == amount.amount_minor + transfer["fee_minor"]


@pytest.mark.parametrize("kind", EVENTS)
def test_a_payout_is_booked_once_whatever_becomes_of_the_webhooks(both: list[Side], kind: str) -> None:
    world, amounts = both[0].world, [(side.money(), side.money()) for side in both]
    for side, (out, _) in zip(both, amounts, strict=True):
        side.fault(kind, count=1)
        side.withdraws(out)
    for side, (out, _) in zip(both, amounts, strict=True):
        eventually(lambda side=side, out=out: side.transfers(out), lambda: "nothing was sent")
    if kind in ("late_webhooks", "lose_webhooks"):
        later(world, "3m")
    if kind == "shuffle_webhooks":  # Until another event has overtaken it.
        for side, (_, paid) in zip(both, amounts, strict=True):
            side.asks(side.baraka, paid)
            side.baraka.pays()
            side.one_receipt(side.baraka, paid)
    for side, (out, _) in zip(both, amounts, strict=True):
        side.one_payout(out)
    if kind == "late_webhooks":
        world.forward("2h")
        for side, (out, _) in zip(both, amounts, strict=True):
            side.one_payout(out)


def test_a_payout_that_comes_back_is_in_the_group_again_and_can_be_sent_anew(both: list[Side]) -> None:
    amounts, before = [side.money() for side in both], [side.savings() for side in both]
    for side, amount in zip(both, amounts, strict=True):
        side.withdraws(amount)
    for side, amount in zip(both, amounts, strict=True):
        side.one_payout(amount)
        reference = side.transfers(amount)[0]["reference"]
        side.world.call("POST", f"{STAND_INS[side.provider]}/transfers/{reference}/reverse")
    for side, amount, had in zip(both, amounts, before, strict=True):
        side.ama.hears(f"the {amount} for Ama came back from", "It is in the group again")
        assert side.savings() == had
        side.ama.texts("try again").confirms().expects("I try again")
    for side, amount, had in zip(both, amounts, before, strict=True):
        side.hears_times(2, f"{amount} was paid to Ama")
        assert len(side.transfers(amount)) == 2
        fee = side.transfers(amount)[0]["fee_minor"]
        assert had["Ama"] - side.savings()["Ama"] == amount.amount_minor + fee


def test_a_payout_that_is_refused_is_told_and_tried_again_without_a_vote(both: list[Side]) -> None:
    amounts, before = [side.money() for side in both], [side.savings() for side in both]
    for side, amount in zip(both, amounts, strict=True):
        side.world.call("POST", f"{STAND_INS[side.provider]}/transfers/next", json={"outcome": "failed", "count": 1})
        side.withdraws(amount)
    for side, amount, had in zip(both, amounts, before, strict=True):
        side.ama.hears(f"the {amount} for Ama did not arrive", "The money is safe in the group", "try again")
        assert side.savings() == had
        side.ama.texts("try again").confirms().expects("I try again")
    for side, amount in zip(both, amounts, strict=True):
        side.hears_times(1, f"{amount} was paid to Ama")
        assert sorted(transfer["status"].lower()[:7] for transfer in side.transfers(amount)) == ["failed", "success"]


def test_a_payout_waits_while_too_little_lies_at_the_provider(both: list[Side]) -> None:
    world, amounts = both[0].world, [side.money() for side in both]
    for side, amount in zip(both, amounts, strict=True):
        path, order = f"{STAND_INS[side.provider]}/float", {"currency": side.currency}
        taken = world.call("POST", path, json=order | {"amount_minor": 0})["balance_minor"]
        world.call("POST", path, json=order | {"amount_minor": -taken})
        side.withdraws(amount)
        short = "SELECT 1 FROM payouts WHERE amount_minor = :amount AND provider_status = 'float too low'"
        eventually(
            lambda amount=amount, short=short: world.sql(short, amount=amount.amount_minor), lambda: "it does not wait"
        )
        side.ama.texts("history").expects(f"{amount} withdrawal, on its way")
        assert side.transfers(amount) == []
        world.call("POST", path, json=order | {"amount_minor": None})
    later(world, "3m")
    for side, amount in zip(both, amounts, strict=True):
        side.one_payout(amount)


def on_sms(world: World, sides: list[Side]) -> Member:
    """Somebody with a feature phone in the Kenyan group."""
    return world.member("Chidi", "sms", "KE").joins(sides[0].code)


def prompts(world: World, phone: str) -> tuple[int, int]:
    """How many prompts came to this phone from Paystack and from Flutterwave."""
    mine = world.call("GET", "/sandbox/payments", params={"phone": phone, "all": "true"})["payments"]
    theirs = world.call("GET", "/sandbox/flutterwave/transactions", params={"phone": phone})["transactions"]
    return len(mine), len(theirs)


def test_what_the_first_provider_surely_does_not_start_is_started_by_the_second(world: World, both: list[Side]) -> None:
    kenya, chidi = both[0], on_sms(world, both)
    amount = kenya.money()
    kenya.fault("shut")
    chidi.texts("contribute 500").expects("M-PESA asks for your PIN").pays()
    kenya.asks(kenya.baraka, amount)
    kenya.baraka.pays()
    kenya.mends("shut")
    chidi.hears("KES 500 for")
    kenya.one_receipt(kenya.baraka, amount)
    assert prompts(world, chidi.phone) == (0, 1)
    assert kenya.savings()["Chidi"] == 500_00
    assert unbooked(world, "flutterwave", "KES") == 0


@pytest.mark.parametrize("kind", sorted(UNKNOWN))
def test_a_prompt_of_which_nobody_knows_is_never_asked_for_elsewhere(world: World, both: list[Side], kind: str) -> None:
    chidi = on_sms(world, both)
    both[0].fault(kind, method="POST", **CALLS[kind])
    chidi.texts("contribute 500")
    if kind != "timeout":
        eventually(lambda: not world.call("GET", "/sandbox/faults")["faults"], lambda: "nobody called")
        later(world, "125s")  # They do not know it after two minutes, so they never got it.
    chidi.texts("contribute 500").pays()
    chidi.hears("KES 500 for", patience=LONG_PATIENCE_SECONDS)
    quiet(world)
    assert chidi.count("Receipt R-") == 1
    assert prompts(world, chidi.phone) == (1, 0)


def test_when_no_provider_can_be_reached_the_member_hears_it_at_once(world: World, both: list[Side]) -> None:
    chidi = on_sms(world, both)
    for side in both:
        side.fault("shut")
    chidi.texts("contribute 500")
    chidi.hears("no payment service could be reached", "Nothing was taken", "contribute 500")
    for side in both:
        side.mends("shut")
    assert both[0].savings()["Chidi"] == 0
