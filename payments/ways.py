"""How a member pays: what their phone can do, what they have chosen, what a provider offers there.

A feature phone never gets a link first: it is prompted, or told what to dial or where to pay in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from core import phone
from core.db import Session
from payments import routing
from payments.models import PayHabit
from payments.provider import Method

WITHOUT_INTERNET = ("sms", "voice")

# Which wallet the operator of a number runs (the names of libphonenumber's carrier data).
WALLETS = {
    "safaricom": "mpesa",
    "mtn": "mtn",
    "telecel": "telecel",
    "vodafone": "telecel",
    "at": "at",
    "airteltigo": "at",
    "tigo": "at",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to pay; `network` as in `ChargeOrder`: the wallet of mobile money, the bank of a code to dial."""

    method: Method
    network: str | None = None


LINK = Way("checkout")


def usual(country: str, currency: str, channel: str, number: str | None, habit: PayHabit | None) -> Way | None:
    """How this member pays when they do not say: as they have chosen, else what their phone can do.

    `number` is E.164, None where the channel hides it. None: nothing without the internet can be offered there.
    """
    offered = routing.methods(country, currency)
    if habit is not None:
        chosen = Way(habit.method, habit.network)  # type: ignore[arg-type]  # held by the table's check constraint
        if is_offered(country, currency, chosen) and (chosen.method != "mobile_money" or _is_at_home(number, country)):
            return chosen
    if channel not in WITHOUT_INTERNET and "checkout" in offered:
        return LINK
    if "mobile_money" in offered and number and _is_at_home(number, country):
        wallet = wallet_of(number)
        if wallet in networks(country, currency, "mobile_money"):
            return Way("mobile_money", wallet)
    if "bank_transfer" in offered:
        return Way("bank_transfer")
    return None


def is_offered(country: str, currency: str, way: Way) -> bool:
    """Whether somebody can pay that way there."""
    if not routing.collecting(country, currency, way.method):
        return False
    named = networks(country, currency, way.method)
    return way.network in named if named else way.network is None


def networks(country: str, currency: str, method: Method) -> Mapping[str, str]:
    """Whom `Way.network` may name, with the name that people know, over all providers that collect this way."""
    found: dict[str, str] = {}
    for provider in routing.collecting(country, currency, method):
        for code, name in provider.networks(currency, method).items():
            found.setdefault(code, name)
    return found


def wallet_of(number: str) -> str | None:
    """The wallet that goes with a phone number (E.164), by its operator; None when nobody knows."""
    return WALLETS.get(phone.carrier(number))


def choose(session: Session, user_id: int, currency: str, way: Way, at: datetime) -> None:
    """Keeps how a member wants to pay from now on."""
    values = {"method": way.method, "network": way.network, "chosen_at": at}
    statement = insert(PayHabit).values(user_id=user_id, currency=currency, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["user_id", "currency"], set_=values))


def _is_at_home(number: str | None, country: str) -> bool:
    """A prompt reaches only phones of the country where the wallet is."""
    return number is not None and phone.country(number) == country
