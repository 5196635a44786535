"""Everybody can read the book and prove it: on a feature phone with a seal, on WhatsApp with papers."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import requests
from pypdf import PdfReader

from tests.stories.actors import Member, World, eventually


def test_a_member_on_a_feature_phone_checks_a_seal(member: Callable[..., Member]) -> None:
    ama, baraka = member("Ama"), member("Baraka", channel="sms")
    code = ama.founds("Umoja")
    baraka.joins(code)
    baraka.texts("contribute 2500").pays()
    receipt = baraka.hears("Receipt R-1", "Seal")
    seal = receipt.split("Seal ")[1][:9]
    ama.texts("contribute 5000").pays()
    ama.hears("Receipt R-2", "Seal of the book")
    baraka.texts(f"check {seal}").expects("Yes.", seal, "Umoja", "receipt R-1", "Nothing before it was changed")
    assert baraka.replies[0]["segments"] == 1
    baraka.texts("check 0123-4567").expects("No.", "does not stand in the book")
    baraka.texts("statement").expects("your savings", "+2,500 R-1", "KES 2,500")
    baraka.texts("statement group").expects("R-1 Baraka", "R-2 Ama")
    baraka.texts("receipt 2").expects("KES 5,000", "saved by Ama")


def test_a_member_on_whatsapp_gets_a_paper_that_proves_itself(world: World, member: Callable[..., Member]) -> None:
    ama = member("Ama")
    ama.founds("Tausi")
    ama.texts("contribute 700").pays()
    ama.hears("Receipt R-1")
    ama.texts("statement group").expects("after: *KES 700", "The paper (PDF) and a picture follow")
    paper, picture = (_media_url(ama, words) for words in ("the statement of the whole group", "as a picture"))
    answer = requests.get(paper, timeout=10)
    said = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    for words in ("Tausi", "R-1", "Ama", "Seal"):
        assert words in said
    assert requests.get(picture, timeout=10).content.startswith(b"\x89PNG")
    page = requests.get(paper.replace("/d/", "/v/").removesuffix("/statement.pdf"), timeout=10)
    assert "The book stands as this statement says" in page.text
    world.forward("8d")
    assert requests.get(paper, timeout=10).status_code == 410


def test_the_seal_of_the_week_reaches_every_member(world: World, member: Callable[..., Member]) -> None:
    zone = ZoneInfo("Africa/Nairobi")
    now = datetime.fromisoformat(world.call("GET", "/sandbox/clock")["now"]).astimezone(zone)
    if now.isoweekday() == 7:
        world.forward("24h")  # From a Sunday the next one is a week away, and then nothing would be new.
        now += timedelta(days=1)
    ama, baraka = member("Ama"), member("Baraka", channel="sms")
    code = ama.founds("Imani")
    baraka.joins(code)
    evening = now.replace(hour=18, minute=0) + timedelta(days=7 - now.isoweekday())
    world.forward(f"{int((evening - now).total_seconds())}s")
    world.ticks("bot.weekly.sweep")
    note = baraka.hears("Imani this week", "Seal")
    seal = note.split("Seal ")[1][:9]
    ama.hears("Seal of the book", seal)
    baraka.texts(f"check {seal}").expects("Yes.")


def _media_url(member: Member, words: str) -> str:
    def arrived() -> str | None:
        for message in member.inbox():
            if words in message["text"] and message["media"]:
                return str(message["media"][0]["url"])
        return None

    return eventually(arrived, lambda: f"no paper for {words!r}: {[m['text'] for m in member.inbox()]}")
