"""The vocabulary of the stories: `ama.texts("contribute 5000")`, `ama.pays()`, `ama.hears("Receipt")`."""

import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

import requests
from sqlalchemy import create_engine, text

from sandbox.house import ROOT, House

PATIENCE_SECONDS = 20

# Ranges of real mobile prefixes, so that every number is valid and none is asked for twice.
MOBILE = {"KE": "+2547{:08d}", "NG": "+23480{:08d}", "GH": "+23324{:07d}", "ZA": "+2782{:07d}", "UG": "+25677{:07d}",
          "GH Telecel": "+23320{:07d}"}  # fmt: skip
STAND_INS = {"paystack": "/sandbox", "flutterwave": "/sandbox/flutterwave"}
Found = TypeVar("Found")
_numbers = iter(random.Random(7).sample(range(1_000_000, 9_999_999), 5000))


@dataclass
class World:
    """The house seen from outside: people, the clock, the books."""

    house: House

    def member(self, name: str, channel: str = "whatsapp", country: str = "KE") -> "Member":
        return Member(self, name, channel, MOBILE[country].format(next(_numbers)))

    def books(self, code: str) -> dict[str, Any]:
        """What the sandbox shows of a group's books: members, entries, totals."""
        groups = self.call("GET", "/sandbox/state")["groups"]
        return next(group for group in groups if group["code"] == code)

    def circle(self, *channels: str, country: str = "KE", group: str = "Umoja") -> tuple[str, list["Member"]]:
        """A group with a member on each channel, founded by the first; its code and its members."""
        names = ("Ama", "Baraka", "Chidi", "Dede", "Efua", "Faraja")
        members = [self.member(name, channel, country) for name, channel in zip(names, channels, strict=False)]
        code = members[0].founds(group)
        for member in members[1:]:
            member.joins(code)
        return code, members

    def transfers(self, phone: str, provider: str = "paystack") -> list[dict[str, Any]]:
        """What the provider has paid out to this phone."""
        found = self.call("GET", f"{STAND_INS[provider]}/transfers", params={"phone": phone})["transfers"]
        return list(found)

    def payments(self, provider: str = "paystack") -> list[dict[str, Any]]:
        """What the provider was asked to collect and nobody has paid yet; of Flutterwave also what was paid."""
        listed = "payments" if provider == "paystack" else "transactions"
        return list(self.call("GET", f"{STAND_INS[provider]}/{listed}")[listed])

    def acts(self, reference: str, action: str, **more: Any) -> None:
        """A payer pays, declines or leaves what the provider asks for under this reference."""
        at_flutterwave = any(payment["reference"] == reference for payment in self.payments("flutterwave"))
        path = "/sandbox/flutterwave/transactions" if at_flutterwave else "/sandbox/payments"
        self.call("POST", f"{path}/{reference}/{action}", json=more)

    def forward(self, span: str) -> None:
        """Moves the product's clock: "3d", "25h"."""
        self.call("POST", "/sandbox/clock", json={"forward": span})

    def ticks(self, tick: str) -> None:
        """Runs one of the clock's ticks now ("bot.weekly.sweep"), whose turn would come in some minutes."""
        module, _, name = tick.rpartition(".")
        command = [sys.executable, "-c", f"import {module}; {module}.{name}()"]
        subprocess.run(command, cwd=ROOT, env=self.house.environment(), check=True, capture_output=True)

    def proves_the_book(self, code: str) -> None:
        """Everything in the group's book is computed again, as an operator does it, and nothing is wrong."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "ledger", "verify", "--group", code]
        found = subprocess.run(command, cwd=ROOT, env=self.house.environment(), capture_output=True, text=True)
        assert found.returncode == 0, found.stdout + found.stderr

    def fault(self, target: str, kind: str, count: int | None = None, **more: Any) -> None:
        self.call("POST", "/sandbox/faults", json={"target": target, "kind": kind, "count": count, **more})

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Reads the product's database directly, for what no screen shows."""
        engine = create_engine(self.house.database_url)
        with engine.begin() as connection:
            rows = list(connection.execute(text(statement), values))
        engine.dispose()
        return rows

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        answer = requests.request(method, self.house.sandbox_url + path, timeout=40, **arguments)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()


@dataclass
class Member:
    """Somebody with a phone. `channel` is what they write on; `heard` is how far they have read their inbox."""

    world: World
    name: str
    channel: str
    phone: str
    heard: str | None = None
    replies: list[dict[str, Any]] = field(default_factory=list)

    def texts(self, said: str, **more: Any) -> "Member":
        """Writes to GroupWallet and keeps the replies; `channel` and `button` as the sandbox's phones take them."""
        body = {"channel": self.channel, "text": said, **more}
        self.replies = self.world.call("POST", f"/sandbox/phones/{self.phone}/messages", json=body)["replies"]
        return self

    def expects(self, *words: str) -> "Member":
        """The last reply has these words in it, and fits what the channel can bear."""
        for word in words:
            assert word in self.reply, f"{self.name} expected {word!r}, but read: {self.reply!r}"
        if self.channel == "sms":
            for reply in self.replies:
                assert reply["segments"] <= 2, f"{reply['segments']} segments: {reply['text']}"
        return self

    @property
    def reply(self) -> str:
        return "\n".join(reply["text"] for reply in self.replies)

    def is_known(self) -> "Member":
        """Says hi and gives their name."""
        self.texts("hi").expects("What is your name?")
        self.texts(self.name).expects(self.name)
        return self

    def founds(self, group: str) -> str:
        """Creates a group; returns its code."""
        self.is_known().texts(f"create {group}").expects("is ready")
        found = re.search(r"[A-Z]+-[2-9A-Z]{6}", self.reply)
        assert found, self.reply
        return found.group()

    def joins(self, code: str) -> "Member":
        self.texts(f"join {code}").expects("What is your name?")
        return self.texts(self.name).expects("Welcome to", self.name)

    def confirms(self) -> "Member":
        """Says yes to what was just said back: with the code on SMS, with 1 on WhatsApp."""
        if self.channel != "sms":
            return self.texts("1")
        found = re.search(r"Reply (\d{4}) for yes", self.reply)
        assert found, f"no code in {self.reply!r}"
        return self.texts(found[1])

    def code(self, *words: str) -> str:
        """The code in the newest message with these words that asks for one: "Reply Y 4821"."""
        found = self._asked(*words)
        assert found, f"{self.name} has no code in {[message['text'] for message in self.inbox()]}"
        return found[-1][0]

    def _asked(self, *words: str) -> list[tuple[str, dict[str, Any]]]:
        """(code, message) of all messages with these words that ask for an answer with a code, the newest last."""
        asked = [
            (match[1], message)
            for message in self.inbox()
            if all(word in message["text"] for word in words)
            and (match := re.search(r"\bY (\d{4})\b", message["text"].replace("*", "")))
        ]
        return sorted(asked, key=lambda pair: int(pair[1]["id"]))

    def votes(self, choice: str, *words: str) -> "Member":
        """Waits for the ballot with these words and answers it: by button on WhatsApp, by code on SMS."""
        explain = lambda: f"{self.name} was asked nothing about {words}: {[m['text'] for m in self.inbox()]}"  # noqa: E731
        code, message = eventually(lambda: self._asked(*words), explain)[-1]
        if self.channel == "whatsapp" and message["buttons"]:
            title = "Yes" if choice == "Y" else "No"
            pressed = next(button["id"] for button in message["buttons"] if button["title"] == title)
            return self.texts("", button=pressed)
        return self.texts(f"{choice} {code}")

    def has_account(self, wallet: str = "mpesa", called: str = "M-PESA") -> "Member":
        """Has a wallet on their own number as payout account; it can be used a day later."""
        before = self.count("your money would go to")
        self.texts(f"payout account {wallet}").expects("I check that account")
        eventually(lambda: self.count("your money would go to") > before, lambda: f"{self.name} was not asked")
        return self.texts(f"Y {self.code('your money would go to')}").expects(f"your money goes to {called}")

    def saves(self, amount: str) -> "Member":
        """Contributes and pays; the receipt has come when this ends."""
        before = self.count("Receipt R-")
        self.texts(f"contribute {amount}").pays()
        eventually(lambda: self.count("Receipt R-") > before, lambda: f"{self.name} got no receipt")
        return self

    def link(self) -> str:
        """The pay link in the last reply."""
        found = re.search(r"http\S+/p/[\w-]+", self.reply)
        assert found, f"no pay link in {self.reply!r}"
        return found.group()

    def opens_checkout(self, link: str | None = None) -> str:
        """Taps the link and its button; returns the reference of the provider's checkout."""
        url = link or self.link()
        assert requests.get(url, timeout=10).status_code == 200
        answer = requests.post(url, timeout=20, allow_redirects=False)
        assert answer.status_code == 303, f"{answer.status_code}: {answer.text[:300]}"
        at = "flutterwave" if "/flutterwave/" in answer.headers["Location"] else "paystack"
        opened = (p for p in self.world.payments(at) if p["checkout_url"] == answer.headers["Location"])
        return str(next(opened)["reference"])

    def pays(self, reference: str | None = None, **faults: Any) -> str:
        """Pays what the last reply asked for, by its link or on the phone; returns the payment's reference."""
        chosen = reference or (self.opens_checkout() if "/p/" in self.reply else self.is_prompted())
        self.world.acts(chosen, "pay", **faults)
        return chosen

    def is_prompted(self) -> str:
        """Waits until the provider asks for the amount that the last reply named; returns the payment's reference."""
        found = re.search(r"you pay ([A-Z]{3}) ([\d,.]*\d)", self.reply, re.I)
        assert found, f"nothing to pay in {self.reply!r}"
        wanted = (found[1], int(Decimal(found[2].replace(",", "")) * 100))

        def asked() -> str | None:
            at_paystack, at_flutterwave = self.world.payments(), self.world.payments("flutterwave")
            prompts = [each for each in at_paystack if each["kind"] != "checkout" and each["status"] == "open"]
            prompts += [each for each in at_flutterwave if not each["checkout_url"] and each["status"] == "pending"]
            fitting = (each for each in prompts if each["phone"] == self.phone)
            return next((str(p["reference"]) for p in fitting if (p["currency"], p["amount_minor"]) == wanted), None)

        return eventually(asked, lambda: f"{self.name} was not asked to pay {wanted}")

    def declines(self) -> str:
        """Says no on the phone to what the last reply asked for."""
        reference = self.is_prompted()
        self.world.acts(reference, "decline")
        return reference

    def reads_aloud(self) -> list[str]:
        """Everything that has come to the phone, the oldest first; no text of ours is longer than two segments."""
        came = sorted((each for each in self.inbox() if each["direction"] == "in"), key=lambda each: int(each["id"]))
        assert all(each["segments"] <= 2 for each in came if each["channel"] == "sms"), came
        return [str(each["text"]) for each in came]

    def hears(self, *words: str, patience: float = PATIENCE_SECONDS) -> str:
        """Waits for a message with these words in it; returns its text."""

        def heard() -> str | None:
            for message in self.inbox():
                if all(word in message["text"] for word in words):
                    return str(message["text"])
            return None

        explain = lambda: f"{self.name} waited for {words}, but has {[m['text'] for m in self.inbox()]}"  # noqa: E731
        return eventually(heard, explain, patience)

    def inbox(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.world.call("GET", f"/sandbox/phones/{self.phone}/inbox")["messages"]
        return messages

    def count(self, *words: str) -> int:
        """How many messages with these words have come."""
        return sum(all(word in message["text"] for word in words) for message in self.inbox())


def eventually(
    look: Callable[[], Found | None], explain: Callable[[], str], patience: float = PATIENCE_SECONDS
) -> Found:
    """The first thing that `look` finds. Fails with `explain()` when nothing comes in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(explain())
