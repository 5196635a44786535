"""Flutterwave's API as far as the product needs it to pay out: banks, accounts, transfers, balances, settlements."""

from datetime import datetime

from flask import Blueprint, Response, request

from core.money import Money
from sandbox.flutterwave.amounts import COUNTRY, json_number, read_currency, read_minor, read_moment
from sandbox.flutterwave.balances import balance_resources, settlement_details, settlement_resource, settlements
from sandbox.flutterwave.banks import banks_of, find_bank, holder_of
from sandbox.flutterwave.envelope import FlutterwaveError, answer, authenticate, error_answer, fields_sent, text_of
from sandbox.flutterwave.fees import told_transfer_fee
from sandbox.flutterwave.paging import equal, newest, page_asked, page_info
from sandbox.flutterwave.settling import settle_due
from sandbox.flutterwave.tables import FlwTransfer
from sandbox.flutterwave.transfer_resources import transfer_resource
from sandbox.flutterwave.transfers import NEW, find_transfer, retry_transfer, send_transfer
from sandbox.world import world

SETTLEMENTS_PER_PAGE = 20

blueprint = Blueprint("flutterwave_payouts", __name__, url_prefix="/flutterwave/v3")
blueprint.register_error_handler(FlutterwaveError, error_answer)
blueprint.before_request(authenticate)


@blueprint.before_request
def do_what_is_due() -> None:
    settle_due(world())


@blueprint.post("/transfers")
def create_transfer() -> Response:
    return answer("Transfer Queued Successfully", transfer_resource(send_transfer(world(), fields_sent()), NEW))


@blueprint.get("/transfers")
def list_transfers() -> Response:
    wanted = equal(FlwTransfer, "reference", "currency")
    if status := request.args.get("status"):
        wanted.append(FlwTransfer.status == status.upper())
    rows, meta = newest(world().store, FlwTransfer, *wanted)
    return answer("Transfers fetched", [transfer_resource(row) for row in rows], meta)


@blueprint.get("/transfers/<int:transfer_id>")
def fetch_transfer(transfer_id: int) -> Response:
    return answer("Transfer fetched", transfer_resource(find_transfer(world(), FlwTransfer.id == transfer_id)))


@blueprint.post("/transfers/<int:transfer_id>/retries")
def retry(transfer_id: int) -> Response:
    return answer("Transfer retry attempt queued.", transfer_resource(retry_transfer(world(), transfer_id), NEW))


@blueprint.get("/transfers/fee")
def transfer_fee() -> Response:
    currency = read_currency(request.args.get("currency"))
    amount = Money(read_minor(request.args.get("amount"), currency), currency)
    is_wallet = request.args.get("type", "account") == "mobilemoney"
    try:
        fee = told_transfer_fee(amount.major, currency, is_wallet)
    except KeyError as error:
        raise FlutterwaveError("Transfers to this destination are not supported") from error
    data = [{"currency": currency, "fee_type": "value", "fee": json_number(fee)}]
    return answer("Transfer fee fetched", data)


@blueprint.get("/balances")
def balances() -> Response:
    return answer("Wallet balances fetched", balance_resources(world()))


@blueprint.get("/balances/<currency>")
def balance(currency: str) -> Response:
    found = next((row for row in balance_resources(world()) if row["currency"] == currency.upper()), None)
    if found is None:
        raise FlutterwaveError("Currency not supported")
    return answer("Wallet balance fetched", found)


@blueprint.get("/settlements")
def list_settlements() -> Response:
    found, page, now = (
        settlements(world(), _moment("from"), _moment("to", is_end=True)),
        page_asked(),
        world().clock.now(),
    )
    first = (page - 1) * SETTLEMENTS_PER_PAGE
    shown = [settlement_resource(one, now) for one in found[first : first + SETTLEMENTS_PER_PAGE]]
    meta = page_info(len(found), page, SETTLEMENTS_PER_PAGE)
    meta["page_info"]["page_size"] = SETTLEMENTS_PER_PAGE
    return answer("Settlements fetched", shown, meta)


@blueprint.get("/settlements/<int:settlement_id>")
def fetch_settlement(settlement_id: int) -> Response:
    found = next((one for one in settlements(world(), None, None) if one.id == settlement_id), None)
    if found is None:
        raise FlutterwaveError("Settlement not found", 404)
    return answer("Settlement fetched", settlement_details(found, world().clock.now()))


@blueprint.get("/banks/<country>")
def list_banks(country: str) -> Response:
    if country.upper() not in COUNTRY.values():
        raise FlutterwaveError("Invalid country code")
    shown = [{"id": bank.id, "code": bank.code, "name": bank.name} for bank in banks_of(country)]
    return answer("Banks fetched successfully", shown)


@blueprint.post("/accounts/resolve")
def resolve_account() -> Response:
    asked = fields_sent()
    number, bank = text_of(asked, "account_number"), find_bank(text_of(asked, "account_bank"))
    with world().store.begin() as session:
        name = holder_of(session, number, bank) if bank is not None else None
    if name is None:
        raise FlutterwaveError("Sorry, recipient account could not be validated. Please try again")
    return answer("Account details fetched", {"account_number": number, "account_name": name})


def _moment(name: str, is_end: bool = False) -> datetime | None:
    given = request.args.get(name)
    return read_moment(given, is_end) if given else None
