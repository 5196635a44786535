"""The product's first whole job: two members of a group, one on WhatsApp and one with a feature phone, save money."""

from collections.abc import Callable

import requests

from tests.stories.actors import Member, World


def test_a_group_is_founded_joined_and_both_save(world: World, member: Callable[..., Member]) -> None:
    ama, baraka = member("Ama"), member("Baraka", channel="sms")
    code = ama.founds("Umoja")
    baraka.joins(code)
    ama.hears("Baraka joined Umoja")

    ama.texts("contribute 5000").expects("KES 5,000", "KES 5,077", "/p/").pays()
    ama.hears("Receipt R-1", "KES 5,000 received for Umoja", "The group: *KES 5,000.84*")
    baraka.texts("contribute 2.5k").expects("KES 2,500").pays()
    baraka.hears("Receipt R-2", "KES 2,500 for Umoja", "the group has KES 7,501.75")
    ama.hears("Baraka contributed KES 2,500 to Umoja", "KES 7,501.75")

    ama.texts("balance").expects("*KES 5,000*", "*KES 7,501.75*")
    baraka.texts("balance").expects("you have KES 2,500", "the group has KES 7,501.75")
    baraka.texts("history").expects("KES 2,500 R-2")
    baraka.texts("members").expects("Ama (chair)", "Baraka")

    books = world.books(code)
    assert books["entries_sum_minor"] == 0
    # 5,077 and 2,539 were paid, in whole shillings, of which Paystack kept 76.16 and 38.09.
    assert books["total_minor"] == (507_700 - 7_616) + (253_900 - 3_809)
    assert {m["name"]: m["savings_minor"] for m in books["members"]} == {"Ama": 500_000, "Baraka": 250_000}
    assert world.sql("SELECT sum(amount_minor) FROM entries")[0][0] == 0


def test_the_duplicate_of_every_webhook_changes_nothing(world: World, member: Callable[..., Member]) -> None:
    ama = member("Ama")
    code = ama.founds("Mara")
    sid = f"SM{ama.phone[1:]:0>32}"
    first = ama.texts("contribute 700", message_sid=sid).reply
    again = ama.texts("contribute 700", message_sid=sid).reply
    assert again == first

    reference = ama.pays(ama.opens_checkout())
    ama.hears("Receipt R-1")
    for _ in range(3):
        world.call("POST", f"/sandbox/webhooks/{reference}/resend")
    later = ama.texts("contribute 900").pays()
    ama.hears("Receipt R-2")
    world.call("POST", f"/sandbox/webhooks/{later}/resend")

    books = world.books(code)
    assert {m["savings_minor"] for m in books["members"]} == {160_000}
    assert len({entry["transaction_id"] for entry in books["entries"]}) == 2
    assert ama.count("Receipt R-1") == 1
    assert ama.count("Receipt R-2") == 1


def test_the_receipt_page_waits_for_the_money_and_then_shows_it(world: World, member: Callable[..., Member]) -> None:
    ama = member("Ama")
    ama.founds("Tausi")
    link = ama.texts("contribute 500").link()
    page = requests.get(link, timeout=5)
    assert "KES 508" in page.text
    assert "Pay KES 508" in page.text
    assert len(page.content) < 15_000
    ama.pays(ama.opens_checkout(link))
    ama.hears("Receipt R-1")
    assert "Receipt R-1" in requests.get(f"{link}?back=1", timeout=5).text
    assert requests.post(link, timeout=5, allow_redirects=False).headers["Location"].endswith(link[-12:])


def test_a_member_of_two_groups_says_which_and_the_choice_sticks(member: Callable[..., Member]) -> None:
    ama, baraka = member("Ama"), member("Baraka", channel="sms")
    first, second = ama.founds("Umoja"), baraka.founds("Harambee")
    ama.texts(f"join {second}").expects("Welcome to *Harambee*")
    ama.texts("balance").expects("*Harambee*")
    ama.texts("group").expects("Which group?", "1 Umoja", "2 Harambee")
    ama.texts("1").expects("Umoja")
    ama.texts("balance").expects("*Umoja*")
    ama.texts("contribute 100").expects("*Umoja*")
    ama.texts(f"join {first}").expects("already a member")
    baraka.texts(f"join {first}").expects("Welcome to Umoja")
    baraka.texts("group harambee").expects("Harambee")
    baraka.texts("balance").expects("Harambee")


def test_an_invited_stranger_is_greeted_by_name_of_the_group(member: Callable[..., Member]) -> None:
    ama, chidi = member("Ama", country="NG"), member("Chidi", channel="sms", country="NG")
    code = ama.founds("Ajo")
    ama.texts("currency").expects("NGN")
    ama.texts(f"invite {chidi.phone}").expects("invitation")
    invitation = chidi.hears("Ama invites you to save with Ajo")
    assert f"join {code}" in invitation
    chidi.texts("hello").expects("Ama invited you to Ajo", "What is your name?")
    chidi.texts("my name is chidi").expects("Chidi", f"join {code}")
    chidi.texts(f"join {code}").expects("Welcome to Ajo, Chidi!")
    ama.texts(f"invite {chidi.phone}").expects("already a member")
