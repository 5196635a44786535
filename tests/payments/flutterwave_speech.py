"""How Flutterwave speaks: its answers and webhooks, for tests that play the provider.

Shapes are those of Flutterwave/Node-v3 (documentation/transactions.md, transfers.md, collections.md, settlements.md)
and of its guides to refunds and chargebacks.
"""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from core.money import Money
from payments.provider_records import Record, Settlement
from payments.providers.connection import Breaker
from payments.providers.flutterwave import Flutterwave
from tests.payments.contract import IMPATIENCE_SECONDS, PAID_AT
from tests.payments.records_contract import Books
from tests.payments.servers import Heard, Reply

SECRET = "FLWSECK_TEST-c0ffee-never-in-a-log-X"
HASH = "a word that only the two of us know"
PAGE_SIZE = 10


def flutterwave(base_url: str, breaker: Breaker | None = None, secret_hash: str = HASH) -> Flutterwave:
    return Flutterwave(base_url, SECRET, secret_hash, (IMPATIENCE_SECONDS, IMPATIENCE_SECONDS), breaker)


def good(data: Any, meta: dict[str, Any] | None = None, message: str = "ok") -> Reply:
    body = {"status": "success", "message": message, "data": data}
    return Reply(body if meta is None else body | {"meta": meta})


def error(status: int, message: str) -> Reply:
    return Reply({"status": "error", "message": message, "data": None}, status)


BUSY = error(429, "Too many requests")
WRONG_KEY = error(401, "Invalid authorization key")
NO_TRANSACTION = error(400, "No transaction was found for this id")
USED = error(400, "Transaction Reference already exist. Try again in 2 minutes time to use the same ref")


def number(money: Money) -> int | float:
    """As JSON has it in their answers, also where it is 76.15."""
    return int(money.major) if money.major % 1 == 0 else float(money.major)


def iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def transaction(
    status: str, reference: str, amount: Money, fee: Money | None = None, at: datetime = PAID_AT, **changes: Any
) -> dict[str, Any]:
    return {
        "id": 5_200_000_001,
        "tx_ref": reference,
        "flw_ref": "FLW-MOCK-3b10a512c4dae649e580a7e5747cfd2c",
        "device_fingerprint": "N/A",
        "amount": number(amount),
        "currency": amount.currency,
        "charged_amount": number(amount),
        "app_fee": None if fee is None else number(fee),
        "merchant_fee": 0,
        "processor_response": "Approved by Financial Institution",
        "status": status,
        "payment_type": "mpesa",
        "created_at": iso(at),
        "amount_settled": None if fee is None else number(amount - fee),
        "customer": {"id": 2362222, "name": "N/A", "email": "member-7@payers.groupwallet.example"},
    } | changes


def transfer(status: str, reference: str, amount: Money, fee: Money, **changes: Any) -> dict[str, Any]:
    return {
        "id": 396_432,
        "account_number": "254798765432",
        "bank_code": "MPS",
        "full_name": "N/A",
        "created_at": "2026-03-14T09:26:53.000Z",
        "currency": amount.currency,
        "debit_currency": amount.currency,
        "amount": number(amount),
        "fee": number(fee),
        "status": status,
        "reference": reference,
        "complete_message": "",
        "requires_approval": 0,
        "is_approved": 1,
    } | changes


def event(name: str, data: dict[str, Any]) -> bytes:
    return json.dumps({"event": name, "data": data}, separators=(",", ":"), ensure_ascii=False).encode()


def refund_event(refund_id: int, status: str) -> bytes:
    """As their guide to refunds shows it: without an envelope, and without a reference of ours."""
    return json.dumps(
        {
            "id": refund_id,
            "AmountRefunded": 500,
            "status": status,
            "FlwRef": "flwm3s4m0c1754324273641",
            "destination": "payment_source",
            "TransactionId": 5_200_000_001,
        }
    ).encode()


def shelf(books: Books, endless: bool = False) -> Callable[[Heard], Reply]:
    """Answers any question about these books, in pages of ten."""
    numbers: dict[str, tuple[int, str]] = {}
    for record in books.records:
        own = int(record.id) if record.kind == "collection" else 9_000_000_000 + len(numbers)
        if record.kind == "collection" or record.reference not in numbers:
            numbers[record.reference] = (own, record.amount.currency)
    kinds = {"/transactions": "collection", "/transfers": "payout", "/refunds": "refund", "/chargebacks": "dispute"}

    def answer(heard: Heard) -> Reply:
        if heard.route in kinds:
            listed = [each for each in books.records if each.kind == kinds[heard.route] and _is_asked(each, heard)]
            return _page([_row(each, numbers) for each in listed], heard, endless)
        if heard.route == "/settlements":
            return _page([_settlement(each) for each in books.settlements], heard, endless)
        if heard.route.startswith("/settlements/"):
            rows = [_settled(each) for each in books.records if each.kind == "collection"]
            return good({"id": 77, "transactions": rows})
        if heard.route == "/balances":
            return good([{"currency": money.currency, "available_balance": number(money)} for money in books.balances])
        wanted = heard.query.get("tx_ref") or heard.route.split("/")[2]
        for reference, (own, currency) in numbers.items():
            if wanted in (reference, str(own)):
                found = transaction("successful", reference, Money(1_000_000, currency), Money(0, currency), PAID_AT)
                return good(found | {"id": own})
        return NO_TRANSACTION

    return answer


def _is_asked(record: Record, heard: Heard) -> bool:
    first, last = heard.query.get("from", "0000"), heard.query.get("to", "9999")
    is_then = first <= f"{record.at:%Y-%m-%d}" <= last
    return is_then and heard.query.get("currency", record.amount.currency) == record.amount.currency


def _page(rows: list[dict[str, Any]], heard: Heard, endless: bool) -> Reply:
    page = int(heard.query["page"])
    pages = max(-(-len(rows) // PAGE_SIZE), 1)
    shown: Iterable[dict[str, Any]] = rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    if endless:
        shown, pages = ({**row, "id": row["id"] + page * 1_000} for row in rows), page + 1
    return good(list(shown), {"page_info": {"total": len(rows), "current_page": page, "total_pages": pages}})


def _row(record: Record, numbers: dict[str, tuple[int, str]]) -> dict[str, Any]:
    own = {"id": int(record.id), "status": record.status, "created_at": iso(record.at)}
    if record.kind == "collection":
        return transaction(record.status, record.reference, record.amount, record.fee, record.at) | own
    if record.kind == "payout":
        told = transfer(record.status, record.reference, record.amount, Money(0, record.amount.currency))
        return told | own | {"fee": None if record.fee is None else number(record.fee)}
    about = numbers[record.reference][0]
    if record.kind == "refund":
        return own | {"tx_id": about, "flw_ref": "URF_1", "amount_refunded": number(record.amount)}
    return own | {
        "transaction_id": about,
        "tx_ref": record.reference,
        "amount": number(record.amount),
        "stage": "new",
        "due_date": "2026-03-16T15:59:59.000Z",
    }


def _settlement(settlement: Settlement) -> dict[str, Any]:
    return {
        "id": int(settlement.id),
        "currency": settlement.total.currency,
        "gross_amount": number(settlement.total),
        "app_fee": number(settlement.fees),
        "merchant_fee": 0,
        "stampduty_charge": 0,
        "status": "completed",
        "created_at": iso(settlement.at),
    }


def _settled(record: Record) -> dict[str, Any]:
    return {
        "id": int(record.id),
        "tx_ref": record.reference,
        "currency": record.amount.currency,
        "charged_amount": number(record.amount),
        "settlement_amount": number(record.amount - (record.fee or Money(0, record.amount.currency))),
        "status": record.status,
        "transaction_date": f"{record.at:%Y-%m-%d}",
    }
