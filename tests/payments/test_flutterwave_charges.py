"""Flutterwave's direct charges: the contract of every provider, and what is Flutterwave's own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from payments.provider import Outcome
from payments.provider_charges import ChargeAnswer, ChargeOrder, Method, PayInto, StandingOrder
from payments.providers.flutterwave_charges import METHODS, NETWORKS, USSD_BANKS
from tests.conftest import settings_of
from tests.payments.charge_contract import EXPIRES, ChargeContract, a_charge
from tests.payments.contract import REFERENCE
from tests.payments.flutterwave_speech import SECRET, USED, error, flutterwave, good, number, transaction
from tests.payments.servers import Heard, Reply, ScriptedServer, scripted
from tests.payments.test_flutterwave import Flutterwaves

PAGE = "https://ravemodal.example/captcha/verify/83940:dede0352930befaac522ca71e969f0e2"


@pytest.fixture(autouse=True)
def product_clock() -> Iterator[None]:
    """How long an account is open is counted from the product's clock, which has settings."""
    with settings_of(DATABASE_URL="postgresql://unused", REDIS_URL="redis://unused"):
        yield


class TestFlutterwaveCharges(Flutterwaves, ChargeContract):
    methods: ClassVar = METHODS
    networks: ClassVar[dict[tuple[str, Method], tuple[str, ...]]] = {
        place: tuple(names) for place, names in NETWORKS.items()
    }

    def _orders(self) -> list[ChargeOrder]:
        """One bank stands for all of them, whose codes have a test of their own."""
        return [order for order in super()._orders() if order.network in (None, "mpesa", "gtbank")]

    def charge_answers(self, order: ChargeOrder) -> tuple[tuple[Reply, ChargeAnswer], ...]:
        if order.method == "ussd":
            code = {"authorization": {"mode": "ussd", "note": "*566*002*4517159#"}}
            dial = ChargeAnswer(Outcome.PENDING, "pending", "dial", ussd_code="*566*002*4517159#")
            return (
                (started(order, "pending", code), dial),
                (started(order, "failed"), replace(declined("failed"), reached_payer=True)),
            )
        if order.method == "bank_transfer":
            note = "Please make a bank transfer to Umoja FLW"
            account = PayInto("Wema Bank", "0067100155", "Umoja FLW", EXPIRES)
            transfer = ChargeAnswer(Outcome.PENDING, "pending", "transfer", note, account=account)
            return ((into_account(order, note), transfer),)
        approve = ChargeAnswer(Outcome.PENDING, "pending", "approve")
        visit = ChargeAnswer(Outcome.PENDING, "pending", "visit", url=PAGE)
        return (
            (started(order, "pending"), approve),
            (started(order, "successful"), ChargeAnswer(Outcome.SUCCEEDED, "successful")),
            (started(order, "failed"), replace(declined("failed"), reached_payer=True)),
            (started(order, "brand_new"), ChargeAnswer(Outcome.UNKNOWN, "brand_new")),
            (redirect(), visit),
        )

    def used_charges(self) -> tuple[Reply, ...]:
        return (
            USED,
            error(400, "Duplicate tx_ref"),
            error(400, "Transaction reference has been used before"),
            error(409, "tx_ref must be unique"),
        )

    def refused_charges(self) -> tuple[Reply, ...]:
        return (error(400, "phone_number is required"), error(422, "amount must be a number"), error(403, "No"))

    def unclear_charges(self) -> tuple[Reply, ...]:
        return (
            error(400, "An error occurred while processing your request"),
            error(404, "Not here"),
            error(408, "Too slow"),
            error(200, "An error occurred"),
            Reply({"message": "Endpoint request timed out"}),
        )

    def check_charge_request(self, heard: Heard, order: ChargeOrder) -> None:
        own: dict[str, Any]
        if order.method == "mobile_money":
            kind, own = "mpesa", {"phone_number": str(order.phone).removeprefix("+")}
        elif order.method == "ussd":
            kind, own = "ussd", {"account_bank": USSD_BANKS[str(order.network)]}
        else:
            kind, own = "bank_transfer", {"narration": "Umoja", "is_permanent": False}
        sent = heard.json
        if order.method == "bank_transfer":
            assert 0 < sent.pop("expires") <= 3_600  # Counted from when the tests were collected.
        assert (heard.method, heard.path) == ("POST", f"/charges?type={kind}")
        assert heard.headers["authorization"] == f"Bearer {SECRET}"
        assert sent == own | {
            "tx_ref": REFERENCE,
            "amount": number(order.gross),
            "currency": order.gross.currency,
            "email": order.payer_email,
        }

    def otp_answers(self, reference: str) -> tuple[tuple[Reply, ChargeAnswer], ...]:
        return ()

    def check_otp_request(self, heard: Heard, reference: str, otp: str) -> None:
        raise AssertionError("no payer is asked for a password")

    def standing_script(self, account: PayInto, currency: str) -> tuple[Reply, ...]:
        return ()

    def standing_refusals(self) -> tuple[tuple[Reply, ...], ...]:
        return ()

    def check_standing_requests(self, heard: list[Heard], order: StandingOrder) -> None:
        raise AssertionError("there are no standing accounts")

    def test_what_cannot_be_asked_for_is_declined_without_a_call(self, server: ScriptedServer) -> None:
        """Mobile money elsewhere is left out: it can be asked for, is not offered, and leads to a page (below)."""
        provider = self.provider(server.url)
        wrong = [
            a_charge("KES", "ussd", "gtbank", None),
            a_charge("KES", "bank_transfer", None, None),
            a_charge("NGN", "mobile_money", "mtn", "+2348031234567"),
            a_charge("ZAR", "mobile_money", "mtn", "+27821234567"),
            a_charge("USD", "bank_transfer", None, None),
            a_charge("NGN", "standing_account", None, None),
            a_charge("NGN", "ussd", "nobody's", None),
            a_charge("NGN", "ussd", None, None),
            a_charge("KES", "mobile_money", "mtn", "+254712345678"),
            a_charge("KES", "mobile_money", "mpesa", None),
            a_charge("KES", "mobile_money", "mpesa", "+447911123456"),
            a_charge("GHS", "mobile_money", "mtn", "+254712345678"),
        ]
        for order in wrong:
            answer = provider.start_charge(order)
            assert (answer.outcome, answer.action) == (Outcome.DECLINED, None), order
        assert server.heard == []


def test_the_code_to_dial_is_that_of_the_payers_bank() -> None:
    for network in NETWORKS["NGN", "ussd"]:
        order = a_charge("NGN", "ussd", network, None)
        note = {"authorization": {"mode": "ussd", "note": "*566*002*4517159#"}}
        with scripted(started(order, "pending", note)) as server:
            assert flutterwave(server.url).start_charge(order).ussd_code == "*566*002*4517159#"
            assert server.heard[0].json["account_bank"] == USSD_BANKS[network]


ELSEWHERE = [
    ("GHS", "telecel", "+233204123456", "mobile_money_ghana", {"network": "VODAFONE"}),
    ("GHS", "at", "+233264123456", "mobile_money_ghana", {"network": "AIRTELTIGO"}),
    ("UGX", "airtel", "+256752123456", "mobile_money_uganda", {"network": "AIRTEL"}),
    ("RWF", "mtn", "+250788123456", "mobile_money_rwanda", {"network": "MTN", "order_id": REFERENCE}),
    ("XOF", "wave", "+221771234567", "mobile_money_franco", {"network": "WAVE", "country": "SN"}),
    ("XAF", "orange", "+237691234567", "mobile_money_franco", {"network": "ORANGEMONEY", "country": "CM"}),
    ("TZS", "vodacom", "+255754123456", "mobile_money_tanzania", {"network": "VODACOM"}),
    ("ZMW", "zamtel", "+260951234567", "mobile_money_zambia", {"network": "ZAMTEL", "order_id": REFERENCE}),
]


@pytest.mark.parametrize(("currency", "network", "phone", "kind", "own"), ELSEWHERE)
def test_mobile_money_elsewhere_leads_to_a_page_so_it_is_not_offered(
    currency: str, network: str, phone: str, kind: str, own: dict[str, str]
) -> None:
    order = a_charge(currency, "mobile_money", network, phone)
    with scripted(redirect()) as server:
        provider = flutterwave(server.url)
        answer = provider.start_charge(order)
        assert (answer.outcome, answer.action, answer.url) == (Outcome.PENDING, "visit", PAGE)
        assert server.heard[0].path == f"/charges?type={kind}"
        sent = server.heard[0].json
        assert {name: sent[name] for name in own} == own
        assert sent["phone_number"] == phone.removeprefix("+")
        assert provider.methods(currency) == ("checkout",)
        assert provider.networks(currency, "mobile_money") == {}


def test_where_there_are_francs_the_prompt_may_come_without_a_page() -> None:
    order = a_charge("XAF", "mobile_money", "mtn", "+237670123456")
    callback = {"authorization": {"mode": "callback", "redirect_url": None}}
    with scripted(started(order, "pending", callback)) as server:
        assert flutterwave(server.url).start_charge(order).action == "approve"


def test_an_answer_that_wants_something_else_of_the_payer_promises_nothing() -> None:
    order = a_charge("KES", "mobile_money", "mpesa", "+254712345678")
    for how in (
        {"mode": "otp"},
        {"mode": "redirect"},
        {"redirect": 7},
        {"mode": "redirect", "redirect": "javascript:"},
    ):
        with scripted(started(order, "pending", {"authorization": how})) as server:
            answer = flutterwave(server.url).start_charge(order)
            assert (answer.outcome, answer.action) == (Outcome.UNKNOWN, None)


EXPIRIES = [
    (1_689_847_855_598, datetime(2023, 7, 20, 10, 10, 55, tzinfo=UTC)),
    ("1689847855598", datetime(2023, 7, 20, 10, 10, 55, tzinfo=UTC)),
    ("2026-03-14 09:26:53", datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)),
    ("N/A", None),
    (None, None),
]


@pytest.mark.parametrize(("told", "expires_at"), EXPIRIES)
def test_an_account_is_open_until_they_say(told: object, expires_at: datetime | None) -> None:
    with scripted(into_account(NGN_TRANSFER, "", account_expiration=told)) as server:
        account = flutterwave(server.url).start_charge(NGN_TRANSFER).account
    assert account == PayInto("Wema Bank", "0067100155", "Flutterwave", expires_at)


@pytest.mark.parametrize(
    "changes",
    [
        {"transfer_amount": "5147.00"},  # the account has its fee on top of what is asked for
        {"transfer_amount": "some"},
        {"transfer_account": None},
        {"transfer_bank": ""},
        {"account_expiration": -1},
        {"account_expiration": 10**30},
        {"account_expiration": "soon"},
    ],
)
def test_nobody_is_told_to_pay_what_would_not_be_taken(changes: dict[str, Any]) -> None:
    with scripted(into_account(NGN_TRANSFER, "", **changes)) as server:
        answer = flutterwave(server.url).start_charge(NGN_TRANSFER)
    assert (answer.outcome, answer.account) == (Outcome.UNKNOWN, None)


def test_an_account_is_asked_for_until_the_link_ends_and_a_minute_at_least() -> None:
    with scripted(into_account(NGN_TRANSFER, "")) as server:
        for expires_at, least, most in (
            (None, 3_600, 3_600),
            (datetime.now(UTC) + timedelta(minutes=15), 800, 900),
            (datetime.now(UTC) - timedelta(minutes=15), 60, 60),
        ):
            flutterwave(server.url).start_charge(replace(NGN_TRANSFER, expires_at=expires_at))
            assert least <= server.heard[-1].json["expires"] <= most


NGN_TRANSFER = a_charge("NGN", "bank_transfer", None, None)


def declined(status: str) -> ChargeAnswer:
    return ChargeAnswer(Outcome.DECLINED, status)


def started(order: ChargeOrder, status: str, meta: dict[str, Any] | None = None) -> Reply:
    return good(transaction(status, order.reference, order.gross), meta)


def redirect() -> Reply:
    """As charges of mobile money are answered in most countries: without any data."""
    return Reply(
        {
            "status": "success",
            "message": "Charge initiated",
            "meta": {"authorization": {"mode": "redirect", "redirect": PAGE}},
        }
    )


def into_account(order: ChargeOrder, note: str, **changes: Any) -> Reply:
    authorization = {
        "transfer_reference": "MockFLWRef-1689847855598",
        "transfer_account": "0067100155",
        "transfer_bank": "Wema Bank",
        "account_expiration": int(EXPIRES.timestamp() * 1000),
        "transfer_note": note,
        "transfer_amount": f"{order.gross.major:.2f}",
        "mode": "banktransfer",
    }
    meta = {"authorization": authorization | changes}
    return Reply({"status": "success", "message": "Charge initiated", "meta": meta})
