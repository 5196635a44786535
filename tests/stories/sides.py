"""A group beside the provider that serves it, and what a story about faults asks of both."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import click
from click.testing import CliRunner

from core.money import Money
from payments import collections, payouts
from tests.stories.actors import STAND_INS, Member, World, eventually
from tests.stories.doors import Door

LONG_PATIENCE_SECONDS = 40
PATHS = {
    "paystack": {"open": "/transaction/initialize", "verify": "/transaction/verify", "send": "/transfer"},
    "flutterwave": {"open": "/payments", "verify": "/transactions", "send": "/transfers"},
}


@dataclass
class Side:
    """A group and the provider that serves it: Ama, its chair, who can be paid out, and Baraka, who saves."""

    world: World = field(repr=False)
    provider: str
    currency: str
    code: str
    ama: Member
    baraka: Member
    step: int
    door: Door = field(repr=False)
    numbers: Iterator[int] = field(repr=False)
    returned_fees: int = 0  # in minor units; lies at the provider, and no book counts on it

    def money(self) -> Money:
        """An amount that no other story of this group is about, so that it can be counted in messages and transfers."""
        return Money.of_major(Decimal(next(self.numbers) * self.step), self.currency)

    def fault(self, kind: str, call: str = "", count: int = 1, **more: Any) -> None:
        """The provider's next calls, events or payments go wrong; with "shut", until `mends`."""
        if kind == "shut":
            self.door.shut()
        else:
            self.world.fault(self.provider, kind, count, path=PATHS[self.provider].get(call, ""), **more)

    def mends(self, kind: str) -> None:
        """It is well again, a door that was shut once somebody has knocked in vain."""
        if kind == "shut":
            knocked = "SELECT 1 FROM provider_health WHERE provider = :provider AND failures > 0"
            eventually(lambda: self.world.sql(knocked, provider=self.provider), lambda: "nobody knocked")
        self.door.open()

    def asks(self, who: Member, amount: Money) -> str:
        """Wants to save that; returns the pay link."""
        return who.texts(f"contribute {amount.major}").expects(str(amount)).link()

    def withdraws(self, amount: Money) -> None:
        """Ama asks for it, and both say yes."""
        reason = f"seeds {amount.major}"
        self.ama.texts(f"withdraw {amount.major} for {reason}").expects(str(amount)).confirms().expects("votes now")
        self.baraka.votes("Y", reason).expects("decided it")

    def savings(self) -> dict[str, int]:
        return {member["name"]: member["savings_minor"] for member in self.world.books(self.code)["members"]}

    def transfers(self, amount: Money) -> list[dict[str, Any]]:
        """What the provider made of the withdrawal of that amount."""
        made = self.world.transfers(self.ama.phone, self.provider)
        return [transfer for transfer in made if transfer["amount_minor"] == amount.amount_minor]

    def one_receipt(self, who: Member, amount: Money) -> None:
        """The payer has one receipt for it, the chair one note, and both for one payment."""
        who.hears(f"{amount} received for", patience=LONG_PATIENCE_SECONDS)
        quiet(self.world)
        assert who.count(f"{amount} received for") == 1
        if who is not self.ama:
            assert self.ama.count(f"contributed {amount} to") == 1

    def hears_times(self, times: int, *words: str) -> None:
        """Ama has heard it so often, and not oftener."""
        heard = lambda: f"{self.ama.count(*words)} times {words}"  # noqa: E731
        eventually(lambda: self.ama.count(*words) >= times, heard, LONG_PATIENCE_SECONDS)
        assert self.ama.count(*words) == times, heard()

    def one_payout(self, amount: Money) -> None:
        """Everybody has heard once that it was paid, and it was paid once."""
        said = f"{amount} was paid to Ama"
        self.ama.hears(said, patience=LONG_PATIENCE_SECONDS)
        quiet(self.world)
        assert [who.count(said) for who in (self.ama, self.baraka)] == [1, 1]
        assert [transfer["status"].lower()[:7] for transfer in self.transfers(amount)] == ["success"]


def unbooked(world: World, provider: str, currency: str) -> int:
    """What lies at a provider besides its float, less what the books say, in minor units; 0 in peace."""
    path, order = f"{STAND_INS[provider]}/float", {"currency": currency}
    at_provider = int(world.call("POST", path, json=order | {"amount_minor": 0})["balance_minor"])
    world.call("POST", path, json=order | {"amount_minor": None})
    rows = world.sql(
        "SELECT coalesce(-sum(balance_minor), 0) FROM wallets"
        " WHERE kind = 'cash' AND provider = :provider AND currency = :currency",
        provider=provider,
        currency=currency,
    )
    return at_provider - int(rows[0][0])


def quiet(world: World) -> None:
    """All that has come in is worked off: nothing is due, nobody is at work, no event is on its way."""
    busy = (
        "SELECT 1 FROM outbox WHERE state = 'running' OR (state = 'pending' AND next_attempt_at <= now())"
        " UNION ALL SELECT 1 FROM sandbox.webhooks WHERE state = 'pending' AND next_attempt_at <= created_at LIMIT 1"
    )
    eventually(lambda: not world.sql(busy), lambda: "work is left over", LONG_PATIENCE_SECONDS)


def later(world: World, span: str) -> None:
    """Time passes, and what is due to be asked about is asked about."""
    world.forward(span)
    collections.sweep()
    payouts.sweep()


def operates(commands: click.Group, *words: str) -> str:
    """What an operator's command says."""
    done = CliRunner().invoke(commands, words)
    assert done.exit_code == 0, done.output
    return str(done.output)
