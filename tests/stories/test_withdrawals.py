"""Money leaves when the group has said so: voted on two channels, paid by the provider, told to everybody."""

import concurrent.futures

from tests.stories.actors import Member, World, eventually

NAMES = (
    "Abena", "Achieng", "Adaeze", "Akinyi", "Bisi", "Chebet", "Damilola", "Esi", "Folake", "Gathoni", "Halima", "Ife",
    "Jebet", "Kagiso", "Lerato", "Makena", "Naledi", "Omolara", "Palesa", "Sade",
)  # fmt: skip
FIVE = ("sms", "whatsapp", "whatsapp", "sms", "whatsapp")


def ready(world: World, *channels: str) -> tuple[str, list[Member]]:
    """A group that has saved, whose first member has an account that can be used."""
    code, members = world.circle(*channels)
    members[0].saves("12000")
    members[1].saves("5000")
    members[0].has_account()
    world.forward("25h")
    for member in members:
        member.texts("hi")
    return code, members


def balanced(world: World, code: str) -> dict[str, int]:
    """The savings by name, once it is sure that the book adds up."""
    books = world.books(code)
    assert books["entries_sum_minor"] == 0
    return {member["name"]: member["savings_minor"] for member in books["members"]}


def test_five_members_two_of_them_on_sms_vote_a_withdrawal_through(world: World) -> None:
    code, members = ready(world, *FIVE)
    ama, baraka, chidi, dede, efua = members
    for other in members[1:]:
        other.hears("money for Ama goes to M-PESA", "before you vote")
    ama.texts("withdraw 10000 for school fees").expects("KES 10,000", "Fee KES 40", "you then have KES 1,960")
    ama.confirms().expects("5 members can vote, 3 must say yes", "Your own yes counts already")
    dede.votes("Y", "school fees").expects("Your yes counts", "2 of 5 say yes")
    baraka.votes("N", "school fees").expects("Your no counts")
    chidi.votes("Y", "school fees").expects("decided it", "3 of 5")
    for everybody in members:
        everybody.hears("KES 10,000 was paid to Ama (school fees)", "3 of 5", "Receipt R-3")
    [transfer] = world.transfers(ama.phone)
    assert (transfer["amount"], transfer["status"]) == ("KES 10,000", "success")
    assert balanced(world, code)["Ama"] == 12_000_00 - 10_040_00
    efua.texts("vote").expects("nothing is being voted about")
    efua.texts("balance").expects("*KES 0*", "*KES 6,961.09*")
    world.proves_the_book(code)


def test_it_fails_early_at_the_third_no(world: World) -> None:
    code, members = ready(world, *FIVE)
    ama, baraka, chidi, dede, efua = members
    ama.texts("withdraw 5000 for a phone").confirms().expects("votes now")
    baraka.votes("N", "a phone")
    dede.votes("N", "a phone")
    chidi.votes("N", "a phone").expects("has decided it: the group says no (3 of 5 against)")
    for everybody in members:
        everybody.hears("voted no (3 of 5 against)")
    efua.texts("vote").expects("nothing is being voted about")
    assert world.transfers(ama.phone) == []
    assert balanced(world, code)["Ama"] == 12_000_00


def test_a_spoofed_sms_vote_changes_nothing(world: World) -> None:
    _, members = ready(world, "sms", "sms", "whatsapp")
    ama, baraka, chidi = members
    ama.texts("withdraw 5000 for seeds").confirms().expects("3 members can vote, 2 must say yes")
    baraka.hears("seeds")
    code = baraka.code("seeds")
    wrong = "1000" if code != "1000" else "1001"
    # Whoever can write in Baraka's name cannot read what was sent to Baraka.
    for said in ("Y", "vote yes", f"Y {wrong}", f"Y {wrong}", f"Y {wrong}"):
        baraka.texts(said)
    baraka.expects("Three wrong codes")
    chidi.texts("vote").expects("1 of 3 say yes, 2 needed")
    # Nor does a vote by SMS count for a member whose ballot went to WhatsApp.
    chidi.texts(f"Y {wrong}", channel="sms")
    chidi.texts("vote").expects("1 of 3 say yes, 2 needed")
    baraka.texts("vote")
    baraka.texts(f"Y {baraka_code(baraka)}").expects("decided it")
    ama.hears("KES 5,000 was paid to Ama")


def baraka_code(baraka: Member) -> str:
    """The new code in the answer to `vote`."""
    return baraka.reply.split("Reply Y ")[1][:4]


def test_twenty_votes_at_once_make_one_payout(world: World) -> None:
    code, members = world.circle("sms", "sms")
    ama, baraka = members
    others = [world.member(name, "sms") for name in NAMES]
    for other in others:
        other.joins(code)
    ama.saves("12000")
    ama.has_account()
    world.forward("25h")
    ama.texts("withdraw 10000 for the roof").confirms().expects("22 members can vote, 12 must say yes")
    for other in others:
        other.hears("the roof")
    codes = {other.phone: other.code("the roof") for other in others}
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda other: other.texts(f"Y {codes[other.phone]}"), others))
    ama.hears("KES 10,000 was paid to Ama")
    said = [other.reply for other in others]
    assert sum("decided it" in reply for reply in said) == 1
    assert sum("Your yes counts" in reply for reply in said) == 10
    assert sum("This vote is over" in reply for reply in said) == 9
    assert [transfer["amount"] for transfer in world.transfers(ama.phone)] == ["KES 10,000"]
    assert balanced(world, code)["Ama"] == 12_000_00 - 10_040_00
    baraka.texts("seal").expects("The seal" if baraka.channel == "whatsapp" else "the seal")


def test_a_failed_payout_is_told_and_tried_again_without_a_new_vote(world: World) -> None:
    code, members = ready(world, "sms", "whatsapp")
    ama, baraka = members
    world.call("POST", "/sandbox/transfers/next", json={"outcome": "failed", "count": 1})
    ama.texts("withdraw 5000 for rent").confirms().expects("votes now")
    baraka.votes("Y", "rent")
    ama.hears("did not arrive", "The money is safe in the group", "try again")
    assert balanced(world, code)["Ama"] == 12_000_00
    ama.texts("try again").confirms().expects("I try again")
    ama.hears("KES 5,000 was paid to Ama (rent)")
    assert balanced(world, code)["Ama"] == 12_000_00 - 5_040_00
    assert [transfer["status"] for transfer in world.transfers(ama.phone)].count("success") == 1


def test_a_time_out_of_the_provider_pays_once(world: World) -> None:
    code, members = ready(world, "sms", "whatsapp")
    ama, baraka = members
    world.fault("paystack", "timeout", count=1, path="/transfer", hold_seconds=20)
    ama.texts("withdraw 5000 for rent").confirms().expects("votes now")
    baraka.votes("Y", "rent")
    ama.hears("KES 5,000 was paid to Ama (rent)", patience=60)
    assert len(world.transfers(ama.phone)) == 1
    assert balanced(world, code)["Ama"] == 12_000_00 - 5_040_00


def test_changing_the_account_voids_the_vote_that_names_it(world: World) -> None:
    _, members = ready(world, "sms", "whatsapp", "whatsapp")
    ama, baraka, _ = members
    ama.texts("withdraw 5000 for rent").confirms().expects("votes now")
    baraka.hears("rent")
    ama.has_account()
    baraka.hears("does not count any more, since the account was changed")
    baraka.votes("Y", "rent").expects("what was asked has changed, so it no longer counts")
    ama.texts("payout account stop").expects("Stopped")
    eventually(lambda: baraka.count("has stopped the change"), lambda: "the group was not told")


def test_nobody_outside_the_group_is_paid_and_nobody_outside_votes(world: World) -> None:
    _, members = ready(world, "sms", "whatsapp")
    ama, baraka = members
    stranger = world.member("Zoe", "sms")
    stranger.founds("Harambee")
    ama.texts("withdraw 1000 to Zoe for rent").expects("Zoe is no member of Umoja")
    ama.texts("withdraw 5000 for rent").confirms().expects("votes now")
    baraka.hears("rent")
    stranger.texts(f"Y {baraka.code('rent')}").expects("I have asked you nothing")
