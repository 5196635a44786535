"""A loan's whole life: the quote in money, the vote, the payout, a late instalment with its penalty, the last one."""

from tests.stories.actors import Member, World, eventually


def lenders(world: World, *channels: str) -> tuple[str, list[Member]]:
    """A group with money to lend; the first member has 10,000 saved and an account."""
    code, members = world.circle(*channels)
    members[0].saves("10000")
    members[1].saves("20000")
    members[0].has_account()
    world.forward("25h")
    for member in members:
        member.texts("hi")
    return code, members


def test_a_loan_lives_from_the_quote_to_the_last_instalment_with_one_late_payment(world: World) -> None:
    code, members = lenders(world, "sms", "whatsapp", "whatsapp")
    ama, baraka, chidi = members
    ama.texts("rule penalty 1.5").confirms().expects("votes now")
    chidi.votes("Y", "1.5")
    ama.hears("has voted yes")

    ama.texts("borrow 12000 for 4 months because the roof leaks")
    ama.expects("KES 12,000", "You pay back KES 12,605.94", "it costs KES 605.94", "4 times KES 3,151.49")
    ama.confirms().expects("3 members can vote, 2 must say yes")
    baraka.votes("Y", "12,000 for 4 months", "the roof leaks").expects("decided it")
    baraka.hears("the loan of KES 12,000 was paid to Ama")
    ama.hears("Your loan from Umoja", "4 times KES 3,151.49")
    assert [transfer["amount"] for transfer in world.transfers(ama.phone)] == ["KES 12,000"]
    ama.texts("loan").expects("you owe KES 12,000 of your loan", "Next: KES 3,151.49")

    # The first instalment in time.
    world.forward("30d")
    ama.texts("hi")
    ama.texts("repay 3152").expects("KES 240.51 interest", "KES 2,911.49 loan").pays()
    ama.hears("paid back to Umoja", "Still owed: KES 9,088.51")
    # The second is late: after the days of grace a penalty is added, once, and only Ama hears of it.
    world.forward("38d")
    ama.texts("hi")
    world.ticks("payments.lending.sweep")
    world.ticks("payments.lending.sweep")
    ama.hears("an instalment of your loan is late", "KES 44.55")
    assert ama.count("is late, so by the group's rule") == 1
    for other in (baraka, chidi):
        assert other.count("is late") == 0
    ama.texts("loan").expects("is late since")
    ama.texts("repay all").expects("Then it is paid back").pays()
    ama.hears("Your loan is paid back. Thank you!")
    ama.texts("loan").expects("You have no loan from Umoja")

    books = world.books(code)
    assert books["entries_sum_minor"] == 0
    assert world.sql("SELECT count(*) FROM loans WHERE state = 'settled'")[0][0] >= 1
    owing = world.sql(
        "SELECT coalesce(sum(balance_minor), 0) FROM wallets w JOIN groups g ON g.id = w.group_id"
        " WHERE g.code = :code AND w.kind IN ('loan', 'interest_due', 'penalty_due')",
        code=code,
    )
    assert owing[0][0] == 0
    world.proves_the_book(code)


def test_guarantors_say_yes_from_their_own_phones_before_the_group_votes(world: World) -> None:
    _, members = lenders(world, "sms", "whatsapp", "sms")
    ama, baraka, chidi = members
    chidi.saves("6000")
    ama.texts("rule guarantors 2").confirms().expects("votes now")
    chidi.votes("Y", "guarantor")
    ama.hears("has voted yes")

    ama.texts("borrow 10000 for 2 months because of seeds").expects("2 members must stand for you").confirms()
    ama.expects("Who stands for you?", "KES 5,000")
    ama.texts("guarantor Baraka, Chidi").expects("I have asked Baraka, Chidi")
    baraka.votes("Y", "names you as guarantor").expects("KES 5,000 of your savings is held")
    assert chidi.count("votes:") == 1  # Only the rule, so far.
    chidi.votes("Y", "names you as guarantor")
    ama.hears("now votes about your loan")
    chidi.texts("withdraw 5000 in cash for me").expects(
        "You can take out KES 1,000 now", "KES 5,000 of your savings is held"
    )
    baraka.votes("Y", "Baraka, Chidi", "seeds").expects("decided it")
    ama.hears("the loan of KES 10,000 was paid to Ama")
    ama.texts("repay all").expects("Then it is paid back").pays()
    ama.hears("Your loan is paid back")
    eventually(
        lambda: "KES 6,000" in chidi.texts("withdraw 5999 in cash for me").reply or "held" not in chidi.reply,
        lambda: chidi.reply,
    )


def test_a_loan_that_the_group_refuses_leaves_nothing_behind(world: World) -> None:
    _, members = lenders(world, "sms", "whatsapp")
    ama, baraka = members
    ama.texts("borrow 5000 for 2 months because of a phone").confirms().expects("votes now")
    baraka.votes("N", "a phone").expects("the group says no")
    ama.hears("voted no (1 of 2 against)")
    ama.texts("loan").expects("You have no loan")
    ama.texts("borrow 5000 for 2 months because of seeds").expects("Reply")


def test_what_cannot_be_lent_is_told_with_the_reason(world: World) -> None:
    _, members = lenders(world, "sms", "whatsapp")
    ama, _ = members
    ama.texts("borrow 40000 for 3 months because of a car").expects("you can borrow KES 30,000 now", "3 times")
    ama.texts("borrow 5000 for 13 months because of a car").expects("lends for 12 months at most")
    ama.texts("borrow 5000 for 3 weeks because of a car").expects("lends by the month")
    ama.texts("repay 500").expects("You have no loan")
