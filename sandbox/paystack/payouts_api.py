"""Paystack's API as far as the product needs it to pay out: banks, accounts, recipients, transfers, the balance."""

from flask import Blueprint, Response, request

from sandbox.paystack.accounts import holder_of
from sandbox.paystack.api import authenticate, fields_sent
from sandbox.paystack.banks import bank_resource, banks_of, cursor_of, find_bank, id_of
from sandbox.paystack.envelope import PaystackError, answer, error_answer, invalid
from sandbox.paystack.ledger import balances
from sandbox.paystack.paging import meta_of, newest, page_asked
from sandbox.paystack.recipients import tell_recipient, unknown_bank
from sandbox.paystack.transfer_resources import queued_resource, recipient_resource, transfer_resource
from sandbox.paystack.transfers import finalize_transfer, find_transfer, send_transfer
from sandbox.store import Transfer
from sandbox.world import world

RESOLVED_CURRENCIES = ("NGN", "GHS")

blueprint = Blueprint("paystack_payouts", __name__, url_prefix="/paystack")
blueprint.register_error_handler(PaystackError, error_answer)
blueprint.before_request(authenticate)


@blueprint.get("/bank")
def list_banks() -> Response:
    currency, country, type_ = (request.args.get(name) or None for name in ("currency", "country", "type"))
    banks = banks_of(currency and currency.upper(), country and country.lower(), type_)
    page, per_page = page_asked()
    if request.args.get("use_cursor", "").lower() != "true":
        first = (page - 1) * per_page
        shown, meta = banks[first : first + per_page], meta_of(len(banks), page, per_page)
    else:
        left = [bank for bank in banks if bank.id > _last_seen()]
        shown = left[:per_page]
        following = cursor_of(shown[-1]) if len(left) > len(shown) else None
        meta = {"next": following, "previous": None, "perPage": per_page}
    return answer("Banks retrieved", [bank_resource(bank) for bank in shown], meta)


@blueprint.get("/bank/resolve")
def resolve_account() -> Response:
    account_number, code = request.args.get("account_number", "").strip(), request.args.get("bank_code", "")
    found = (find_bank(code, currency) for currency in RESOLVED_CURRENCIES)
    bank = next((bank for bank in found if bank), None)
    if bank is None:
        raise unknown_bank(code)
    with world().store.begin() as session:
        name = holder_of(session, account_number, bank)
    if name is None:
        raise PaystackError(
            422,
            "unresolved_account",
            "Could not resolve account name. Check parameters or try again.",
            "Ensure that the account number and the bank code belong together",
        )
    found_account = {"account_number": account_number, "account_name": name, "bank_id": bank.id}
    return answer("Account number resolved", found_account)


@blueprint.post("/transferrecipient")
def create_recipient() -> tuple[Response, int]:
    recipient, is_new = tell_recipient(world(), fields_sent())
    return answer("Transfer recipient created successfully", recipient_resource(recipient)), 201 if is_new else 200


@blueprint.post("/transfer")
def initiate_transfer() -> Response:
    transfer = send_transfer(world(), fields_sent())
    waits = transfer.status == "otp"
    message = "Transfer requires OTP to continue" if waits else "Transfer has been queued"
    return answer(message, queued_resource(transfer))


@blueprint.post("/transfer/finalize_transfer")
def finalize() -> Response:
    asked = fields_sent()
    transfer = finalize_transfer(world(), asked.get("transfer_code"), asked.get("otp"))
    return answer("Transfer has been queued", queued_resource(transfer))


@blueprint.get("/transfer/verify/<reference>")
def verify_transfer(reference: str) -> Response:
    transfer = find_transfer(world(), Transfer.reference == reference)
    return answer("Transfer retrieved", transfer_resource(transfer))


@blueprint.get("/transfer/<code>")
def fetch_transfer(code: str) -> Response:
    """By its code or its id."""
    is_id = code.isdecimal() and len(code) < 19
    wanted = Transfer.id == int(code) if is_id else Transfer.transfer_code == code
    return answer("Transfer retrieved", transfer_resource(find_transfer(world(), wanted)))


@blueprint.get("/transfer")
def list_transfers() -> Response:
    transfers, meta = newest(world().store, Transfer)
    return answer("Transfers retrieved", [transfer_resource(transfer) for transfer in transfers], meta)


@blueprint.get("/balance")
def balance() -> Response:
    with world().store.begin() as session:
        found = balances(world(), session)
    return answer(
        "Balances retrieved", [{"currency": currency, "balance": found[currency]} for currency in sorted(found)]
    )


def _last_seen() -> int:
    cursor = request.args.get("next", "")
    try:
        return id_of(cursor) if cursor else 0
    except ValueError as error:
        raise invalid("invalid_params", "Invalid cursor", "Send the 'next' of the page before") from error
