"""Whoever has a phone can pay in: one story per country over SMS, without the internet."""

import re
from collections.abc import Callable

from tests.stories.actors import Member, World, eventually

PATIENCE_SECONDS = 60


def pair(member: Callable[..., Member], country: str, *names: str) -> tuple[str, list[Member]]:
    """A group of people with feature phones there, founded by the first; its code and its members."""
    members = [member(name, channel="sms", country=country) for name in names]
    code = members[0].founds("Umoja")
    for other in members[1:]:
        other.joins(code)
    return code, members


def ends_well(world: World, code: str, reader: Member, **savings_minor: int) -> None:
    """Everything in the books is computed again, and nothing is wrong; what came to a phone is read aloud (-s)."""
    print("", *reader.reads_aloud(), sep="\n> ")
    books = world.books(code)
    assert books["entries_sum_minor"] == 0
    assert {each["name"]: each["savings_minor"] for each in books["members"]} == savings_minor
    world.proves_the_book(code)


def account_in(words: str) -> str:
    found = re.search(r"\b(\d{10,})\b", words)
    assert found, words
    return found[1]


def transfers(world: World, account: str, amount_minor: int) -> None:
    """Somebody pays into an account from their bank."""
    world.call("POST", "/sandbox/transfers-in", json={"account_number": account, "amount_minor": amount_minor})


def test_kenya_mpesa_asks_for_the_pin_on_the_phone(world: World, member: Callable[..., Member]) -> None:
    code, (ama, baraka) = pair(member, "KE", "Ama", "Baraka")
    baraka.texts("contribute 500").expects("you save KES 500", "fee of KES 8", "you pay KES 508", "asks for your PIN")
    assert baraka.replies[0]["segments"] == 1
    baraka.hears("M-PESA: pay KES 508", "PIN")
    baraka.texts("contribute 500").expects("has asked for your PIN on this phone")
    baraka.pays()
    baraka.hears("Receipt R-1: KES 500 for Umoja")
    ama.hears("Baraka contributed KES 500 to Umoja")

    baraka.texts("contribute 700").declines()
    world.forward("4m")
    baraka.hears("did not go through", "Nothing was taken", "contribute 700", patience=PATIENCE_SECONDS)
    baraka.texts("contribute 700 by link").expects("/p/").pays()
    baraka.hears("Receipt R-2: KES 700")

    assert sum("/p/" in each for each in baraka.reads_aloud()) == 1  # The one that was asked for.
    assert baraka.count("did not go through") == 1
    ends_well(world, code, baraka, Ama=0, Baraka=120_000)


def test_a_loan_is_paid_back_on_the_phone_too(world: World) -> None:
    code, members = world.circle("sms", "whatsapp", "whatsapp")
    ama, baraka, chidi = members
    ama.saves("10000")
    baraka.saves("20000")
    ama.has_account()
    world.forward("25h")
    for each in members:
        each.texts("hi")
    ama.texts("borrow 6000 for 2 months because of seeds").confirms()
    baraka.votes("Y", "seeds")
    chidi.votes("Y", "seeds")
    ama.hears("the loan of KES 6,000 was paid to Ama")
    ama.texts("repay 1000").expects("you pay back KES 1,000", "M-PESA asks for your PIN").declines()
    world.forward("4m")
    ama.hears("Your repayment of KES 1,000", "did not go through", "repay 1000", patience=PATIENCE_SECONDS)
    ama.texts("repay all").expects("Then it is paid back").pays()
    ama.hears("Your loan is paid back. Thank you!")
    world.proves_the_book(code)


def test_ghana_mtn_asks_for_the_pin_on_the_phone(world: World, member: Callable[..., Member]) -> None:
    code, (ama, kojo) = pair(member, "GH", "Ama", "Kojo")
    kojo.texts("contribute 50").expects("you save GHS 50", "MTN MoMo asks for your PIN on this phone").pays()
    kojo.hears("MTN: pay GHS 5")
    kojo.hears("Receipt R-1: GHS 50 for Umoja")
    ama.hears("Kojo contributed GHS 50")
    kojo.texts("pay by").expects("1 MTN MoMo", "your own account number", "link")
    assert kojo.count("/p/") == 0
    ends_well(world, code, kojo, Ama=0, Kojo=5_000)


def test_ghana_telecel_wants_a_voucher_and_a_wrong_one_loses_nothing(
    world: World, member: Callable[..., Member]
) -> None:
    code, (_, yaw) = pair(member, "GH Telecel", "Ama", "Yaw")
    yaw.texts("contribute 50").expects("Dial *110#", "Telecel Cash voucher", "voucher 123456")
    assert yaw.replies[0]["segments"] == 1
    yaw.is_prompted()
    yaw.hears("Your voucher code is 123456")
    yaw.texts("654321").expects("I give the voucher to Telecel Cash")
    yaw.hears("Telecel Cash did not take that voucher, so nothing was paid", patience=PATIENCE_SECONDS)
    yaw.texts("one moment").expects("did not understand")
    yaw.texts("123456").expects("I give the voucher to Telecel Cash")
    yaw.hears("Receipt R-1: GHS 50 for Umoja")
    assert yaw.count("voucher", "Dial *110#") == 2, "asked for once, and once more after the wrong one"
    bodies = [row[0] for row in world.sql("SELECT body FROM inbound_messages WHERE command LIKE '%voucher%'")]
    assert bodies and not any(figures in body for body in bodies for figures in ("123456", "654321"))
    ends_well(world, code, yaw, Ama=0, Yaw=5_000)


def test_nigeria_one_transfer_into_an_account_of_its_own(world: World, member: Callable[..., Member]) -> None:
    code, (ama, chidi) = pair(member, "NG", "Ama", "Chidi")
    chidi.texts("contribute 5000").expects("you save NGN 5,000", "you pay NGN 5,", "It comes in a moment")
    told = chidi.hears("Umoja: pay exactly NGN 5,", "in one transfer", "by ")
    chidi.texts("contribute 5000").expects("Umoja still waits for it", account_in(told))
    gross = re.search(r"NGN ([\d,]+(?:\.\d\d)?)", told)
    assert gross
    pays_minor = round(float(gross[1].replace(",", "")) * 100)
    transfers(world, account_in(told), pays_minor - 100_00)  # The bank sends another amount back.
    transfers(world, account_in(told), pays_minor)
    chidi.hears("Receipt R-1: NGN 5,000 for Umoja")
    ama.hears("Chidi contributed NGN 5,000")
    assert chidi.count("/p/") == 0
    ends_well(world, code, chidi, Ama=0, Chidi=500_000)


def test_nigeria_a_code_to_dial_for_who_likes_it(world: World, member: Callable[..., Member]) -> None:
    code, (_, chidi) = pair(member, "NG", "Ama", "Chidi")
    chidi.texts("pay by").expects("How do you want to pay Umoja?", "GTBank code", "bank transfer")
    chidi.texts("pay by gtbank").expects("From now on you pay by GTBank code")
    chidi.texts("contribute 2000").expects("I fetch a code to dial for GTBank")
    assert re.search(r"dial \*737\*[\d*]+# on this phone to pay NGN 2,", chidi.hears("Umoja: dial *737*"))
    chidi.pays()
    chidi.hears("Receipt R-1: NGN 2,000 for Umoja")
    ends_well(world, code, chidi, Ama=0, Chidi=200_000)


def test_nigeria_an_account_number_that_stays_is_paid_into_twice(world: World, member: Callable[..., Member]) -> None:
    code, (ama, chidi) = pair(member, "NG", "Ama", "Chidi")
    chidi.texts("pay by account").expects("I ask for an account number of your own")
    number = account_in(chidi.hears("Your account for Umoja:", "from any bank, becomes your savings, less the fee"))
    chidi.texts("my account number").expects(number)
    transfers(world, number, 1_000_00)
    chidi.hears("Receipt R-1: NGN 990 for Umoja")  # Paystack keeps 1 % there.
    transfers(world, number, 2_000_00)
    chidi.hears("Receipt R-2: NGN 1,980 for Umoja", "You have NGN 2,970")
    ama.hears("Chidi contributed NGN 1,980")
    ends_well(world, code, chidi, Ama=0, Chidi=297_000)


def test_south_africa_cash_to_the_treasurer_or_a_link_on_request(world: World, member: Callable[..., Member]) -> None:
    code, (zola, thabo) = pair(member, "ZA", "Zola", "Thabo")
    thabo.texts("contribute 200").expects("in cash to Zola", "cash 200 from Thabo", "contribute 200 by link")
    assert thabo.replies[0]["segments"] == 1
    zola.texts("cash 200 from Thabo").confirms().expects("I ask Thabo")
    thabo.votes("Y", "ZAR 200 in cash")
    thabo.hears("Receipt R-1: ZAR 200 for Umoja")

    thabo.texts("contribute 300 by link").expects("you save ZAR 300", "/p/").pays()
    thabo.hears("Receipt R-2: ZAR 300 for Umoja")
    eventually(lambda: zola.count("Thabo contributed ZAR 300") == 1, lambda: str(zola.reads_aloud()))
    assert not world.sql(
        "SELECT 1 FROM transactions t JOIN groups g ON g.id = t.group_id WHERE g.code = :code AND t.state = 'pending'",
        code=code,
    )
    ends_well(world, code, thabo, Zola=0, Thabo=50_000)
