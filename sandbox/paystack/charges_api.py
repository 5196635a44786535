"""Paystack's API of collecting without a checkout: charges, customers and their standing accounts."""

from flask import Blueprint, Response, jsonify, request

from sandbox.paystack.api import authenticate, fields_sent
from sandbox.paystack.charges import charge, charge_resource, find_charge, submit_otp
from sandbox.paystack.dedicated import (
    BANKS,
    account_resource,
    assign_account,
    created_customer,
    customer_resource,
    give_account,
    tell_customer,
)
from sandbox.paystack.envelope import PaystackError, answer, error_answer
from sandbox.paystack.paging import newest
from sandbox.paystack.resources import customer_of
from sandbox.paystack.tables import DedicatedAccount
from sandbox.store import Json
from sandbox.world import world

blueprint = Blueprint("paystack_charges", __name__, url_prefix="/paystack")
blueprint.register_error_handler(PaystackError, error_answer)
blueprint.before_request(authenticate)


@blueprint.post("/charge")
def create_charge() -> Response:
    return answer("Charge attempted", charge_resource(charge(world(), fields_sent()), is_first=True))


@blueprint.post("/charge/submit_otp")
def send_otp() -> Response:
    return answer("Charge attempted", charge_resource(submit_otp(world(), fields_sent())))


@blueprint.get("/charge/<reference>")
def check_charge(reference: str) -> Response:
    return answer("Reference check successful", charge_resource(find_charge(world(), reference)))


@blueprint.post("/customer")
def create_customer() -> Response:
    return answer("Customer created", created_customer(tell_customer(world(), fields_sent())))


@blueprint.post("/dedicated_account")
def create_account() -> Response:
    return answer("NUBAN successfully created", _shown(give_account(world(), fields_sent())))


@blueprint.post("/dedicated_account/assign")
def assign() -> Response:
    assign_account(world(), fields_sent())
    return jsonify(status=True, message="Assign dedicated account in progress")


@blueprint.get("/dedicated_account")
def list_accounts() -> Response:
    """By `active`, `currency`, `provider_slug` and the customer's id."""
    wanted = [DedicatedAccount.active == (request.args.get("active", "true").lower() != "false")]
    if currency := request.args.get("currency"):
        wanted.append(DedicatedAccount.currency == currency.upper())
    if slug := request.args.get("provider_slug"):
        wanted.append(DedicatedAccount.bank_slug == slug)
    if customer := request.args.get("customer"):
        wanted.append(DedicatedAccount.customer_code.in_(_codes_of(customer)))
    accounts, meta = newest(world().store, DedicatedAccount, *wanted)
    return answer("Managed accounts successfully retrieved", [_shown(account) for account in accounts], meta)


@blueprint.get("/dedicated_account/available_providers")
def list_providers() -> Response:
    found = [
        {"id": bank_id, "provider_slug": slug, "bank_id": bank_id, "bank_name": name}
        for slug, (name, bank_id, _) in BANKS.items()
    ]
    return answer("Dedicated account providers retrieved", found)


@blueprint.get("/dedicated_account/<int:account_id>")
def fetch_account(account_id: int) -> Response:
    with world().store.begin() as session:
        account = session.get(DedicatedAccount, account_id)
    if account is None:
        raise PaystackError(404, "not_found", "Dedicated account not found", "Send the id of an account")
    return answer("Customer retrieved", _shown(account))


def _codes_of(customer_id: str) -> list[str]:
    with world().store.begin() as session:
        customers = {account.customer_code: account.customer.email for account in session.query(DedicatedAccount)}
    return [code for code, email in customers.items() if customer_id in (code, str(customer_of(email)["id"]))]


def _shown(account: DedicatedAccount) -> Json:
    return {**account_resource(account), "customer": customer_resource(account.customer)}
