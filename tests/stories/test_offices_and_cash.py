"""Rules, offices, cash and leaving: what officers propose and nobody does alone."""

from tests.stories.actors import World, eventually


def test_cash_counts_when_the_payer_says_so_and_leaves_when_the_payee_has_it(world: World) -> None:
    code, (ama, baraka, chidi) = world.circle("whatsapp", "sms", "sms")
    ama.texts("cash 3000 from Baraka").confirms()
    baraka.texts("balance").expects("you have KES 0")
    baraka.votes("Y", "KES 3,000 in cash")
    baraka.hears("Receipt R-1", "KES 3,000")
    ama.texts("cash 500 from Chidi").confirms()
    chidi.votes("N", "KES 500 in cash")
    chidi.texts("balance").expects("you have KES 0", "the group has KES 3,000")

    baraka.texts("withdraw 2000 in cash for seeds").expects("KES 2,000", "KES 1,000").confirms().expects("votes now")
    chidi.votes("Y", "seeds").expects("decided it")
    ama.hears("KES 2,000 in cash for Baraka", "cash 2000 to Baraka")
    ama.texts("cash 2000 to Baraka").confirms()
    assert world.books(code)["total_minor"] == 3_000_00
    baraka.votes("Y", "KES 2,000", "cash")
    chidi.hears("KES 2,000 was paid to Baraka (seeds), in cash")
    assert world.books(code)["total_minor"] == 1_000_00


def test_the_group_changes_its_rules_and_hands_over_an_office(world: World) -> None:
    _, (ama, baraka, chidi) = world.circle("whatsapp", "sms", "sms")
    baraka.texts("rule interest 5").expects("officer")
    ama.texts("rule interest 5").confirms().expects("votes now")
    chidi.votes("Y", "5")
    ama.hears("voted yes (2 of 3)")
    baraka.texts("rules loans").expects("5 %")
    ama.texts("make Baraka treasurer").confirms().expects("votes now")
    chidi.votes("Y", "treasurer")
    eventually(lambda: "Baraka (treasurer)" in chidi.texts("members").reply, lambda: chidi.reply)


def test_a_member_who_leaves_is_paid_out_by_vote_and_then_gone(world: World) -> None:
    code, (ama, baraka, chidi) = world.circle("whatsapp", "sms", "sms")
    baraka.saves("4000")
    baraka.has_account()
    world.forward("25h")
    for member in (ama, baraka, chidi):
        member.texts("hi")
    baraka.texts("leave").confirms().expects("votes now")
    ama.votes("Y", "Baraka", "leav")
    eventually(lambda: len(world.transfers(baraka.phone)) == 1, lambda: str(world.books(code)))
    eventually(lambda: "Baraka" not in ama.texts("members").reply, lambda: ama.reply)
    chidi.texts("leave").confirms()
    eventually(lambda: "Chidi" not in ama.texts("members").reply, lambda: ama.reply)
    assert world.books(code)["entries_sum_minor"] == 0
