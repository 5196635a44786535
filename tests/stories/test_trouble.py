"""What members hear and what the books say when something breaks: nothing is lost, nothing counts twice."""

import threading
from collections.abc import Callable

import psutil
import requests
from redis import Redis

from tests.stories.actors import Member, World, eventually

LONG_PATIENCE_SECONDS = 60


def _wait_for_outbox(world: World, kind: str, state: str, reference: str) -> None:
    eventually(
        lambda: world.sql(
            "SELECT 1 FROM outbox o JOIN provider_events e ON e.id = (o.payload->>'event')::bigint"
            " WHERE o.kind = :kind AND o.state = :state AND e.reference = :reference",
            kind=kind,
            state=state,
            reference=reference,
        ),
        lambda: f"no {kind} became {state}",
    )


def test_a_killed_worker_and_an_emptied_redis_lose_no_receipt(world: World, member: Callable[..., Member]) -> None:
    ama = member("Ama")
    code = ama.founds("Nuru")
    reference = ama.texts("contribute 1200").opens_checkout()
    world.house.kill("worker-payments")
    ama.pays(reference)
    _wait_for_outbox(world, "payments.read_event", "pending", reference)
    Redis.from_url(world.house.redis_url).flushall()
    assert world.books(code)["total_minor"] == 0

    world.house.restart_dead()
    ama.hears("Receipt R-1", "KES 1,200", patience=LONG_PATIENCE_SECONDS)
    assert world.books(code)["total_minor"] == 120_071
    assert ama.count("Receipt R-1") == 1


def test_a_worker_killed_in_the_middle_of_asking_the_provider_posts_once(
    world: World, member: Callable[..., Member]
) -> None:
    ama = member("Ama")
    code = ama.founds("Jua")
    reference = ama.texts("contribute 800").opens_checkout()
    world.fault("paystack", "slow", count=1, path="/transaction/verify")
    ama.pays(reference)
    _wait_for_outbox(world, "payments.read_event", "running", reference)
    worker = psutil.Process(world.house.processes["worker-payments"].pid)
    for process in [worker, *worker.children(recursive=True)]:
        process.kill()
    world.house.processes["worker-payments"].wait()

    world.house.restart_dead()
    ama.hears("Receipt R-1", patience=LONG_PATIENCE_SECONDS)
    assert world.books(code)["total_minor"] == 80_080
    assert len(world.books(code)["entries"]) == 4
    assert ama.count("Receipt R-1") == 1


def test_a_frozen_redis_holds_up_no_answer(world: World, member: Callable[..., Member]) -> None:
    ama, baraka = member("Ama"), member("Baraka", channel="sms")
    code = ama.founds("Imani")
    Redis.from_url(world.house.redis_url).execute_command("CLIENT", "PAUSE", "4000")
    baraka.joins(code)
    ama.texts("balance").expects("KES 0")
    ama.hears("Baraka joined Imani", patience=LONG_PATIENCE_SECONDS)


def test_a_provider_that_is_down_leaves_the_contribution_open(world: World, member: Callable[..., Member]) -> None:
    ama = member("Ama")
    ama.founds("Amani")
    world.fault("paystack", "refuse", count=1, path="/transaction/initialize")
    link = ama.texts("contribute 300").link()
    page = requests.post(link, timeout=10, allow_redirects=False)
    assert page.status_code == 503
    assert "Nothing was taken" in page.text
    ama.texts("balance").expects("Not paid yet: KES 300")
    ama.texts("history").expects("KES 300, not paid yet")
    ama.pays(ama.opens_checkout(link))
    ama.hears("Receipt R-1", "KES 300")


def test_another_amount_or_currency_is_held_for_a_person_and_never_posted(
    world: World, member: Callable[..., Member]
) -> None:
    ama, baraka = member("Ama"), member("Baraka", channel="sms")
    code = ama.founds("Haki")
    baraka.joins(code)
    baraka.texts("contribute 5000").pays(amount_minor=5_000)
    baraka.hears("A person is checking it")
    ama.hears("A person is checking it")
    ama.texts("contribute 5000").pays(currency="NGN")
    eventually(lambda: ama.count("A person is checking it") == 2, lambda: str(ama.inbox()))
    books = world.books(code)
    assert books["total_minor"] == 0
    assert books["entries"] == []
    reasons = [row[0] for row in world.sql("SELECT held_reason FROM checkouts WHERE state = 'held' ORDER BY id")]
    assert "KES 50 was paid where KES 5,077 was asked for" in reasons
    assert "NGN 5,077 was paid where KES 5,077 was asked for" in reasons


def test_a_forged_webhook_is_refused_and_not_even_stored(world: World, member: Callable[..., Member]) -> None:
    ama = member("Ama")
    code = ama.founds("Ukweli")
    reference = ama.texts("contribute 400").opens_checkout()
    forged = {"event": "charge.success", "data": {"reference": reference, "status": "success", "amount": 40_609}}
    url = f"{world.house.web_url}/webhooks/payment/paystack"
    for headers in ({}, {"x-paystack-signature": "00" * 64}):
        assert requests.post(url, json=forged, headers=headers, timeout=5).status_code == 403
    assert not world.sql("SELECT 1 FROM provider_events WHERE reference = :reference", reference=reference)
    message = {"MessageSid": "SMforged", "From": ama.phone, "Body": "balance"}
    url = f"{world.house.web_url}/webhooks/twilio/messages"
    assert requests.post(url, data=message, timeout=5).status_code == 403
    assert requests.post(url, data=message, headers={"X-Twilio-Signature": "x"}, timeout=5).status_code == 403
    assert not world.sql("SELECT 1 FROM inbound_messages WHERE message_id = 'SMforged'")
    assert world.books(code)["total_minor"] == 0


def test_declined_lost_and_abandoned_payments_end_by_the_sweep(world: World, member: Callable[..., Member]) -> None:
    ama, baraka, chidi = member("Ama"), member("Baraka", channel="sms"), member("Chidi")
    code = ama.founds("Subira")
    baraka.joins(code)
    chidi.joins(code)
    lost = ama.texts("contribute 1000").opens_checkout()
    world.fault("paystack", "lose_webhooks", count=1)
    ama.pays(lost)
    world.fault("paystack", "none")
    baraka.texts("contribute 500").declines()
    abandoned = chidi.texts("contribute 700").opens_checkout()
    world.call("POST", f"/sandbox/payments/{abandoned}/abandon")

    world.forward("3m")
    ama.hears("Receipt R-1", "KES 1,000", patience=LONG_PATIENCE_SECONDS)
    baraka.hears("did not go through", "contribute 500", patience=LONG_PATIENCE_SECONDS)
    assert chidi.count("closed") == 0
    world.forward("25h")
    # Chidi wrote on WhatsApp more than a day ago by now, so what we say first comes as an approved template.
    heard = chidi.hears("was not paid, so it is closed", patience=LONG_PATIENCE_SECONDS)
    assert heard.startswith("News from your savings group:")
    chidi.texts("history").expects("KES 700, closed, not paid")
    assert world.books(code)["total_minor"] == 100_076

    chidi.pays(abandoned)  # The provider's page was still open in their browser.
    chidi.hears("Receipt R-2", "KES 700")
    assert world.books(code)["total_minor"] == 170_109


def test_a_failing_text_channel_is_tried_again_and_nobody_hears_twice(
    world: World, member: Callable[..., Member]
) -> None:
    ama = member("Ama")
    ama.founds("Pamoja")
    reference = ama.texts("contribute 600").opens_checkout()
    world.fault("twilio", "refuse", count=2, path="/2010-04-01/Accounts")
    ama.pays(reference)
    ama.hears("Receipt R-1", patience=LONG_PATIENCE_SECONDS)
    assert ama.count("Receipt R-1") == 1


def test_twenty_messages_of_one_member_at_once_are_all_answered_and_count_once_each(
    world: World, member: Callable[..., Member]
) -> None:
    ama = member("Ama")
    code = ama.founds("Kasi")
    twins = [Member(world, "Ama", "whatsapp", ama.phone) for _ in range(20)]
    threads = [
        threading.Thread(target=twin.texts, args=(f"contribute {100 + index // 2}",))
        for index, twin in enumerate(twins)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("/p/" in twin.reply for twin in twins)
    waiting = world.sql(
        "SELECT count(*) FROM transactions t JOIN groups g ON g.id = t.group_id WHERE g.code = :code", code=code
    )
    assert waiting[0][0] == 10  # Each amount was asked for twice, and a second link for it would be a second debt.
