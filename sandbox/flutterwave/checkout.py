"""The hosted checkout page: where a payer pays, is declined or walks away. It looks as Paystack's does."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, abort, redirect, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response

from core.money import minor_digits
from sandbox.flutterwave.envelope import FlutterwaveError
from sandbox.flutterwave.tables import FlwTransaction
from sandbox.flutterwave.transactions import ACTIONS, FAILED, REVERSED, SUCCESSFUL, act
from sandbox.paystack.resources import MERCHANT
from sandbox.world import world

STATES = {SUCCESSFUL: "paid", REVERSED: "paid", FAILED: "declined"}
# What the merchant's page is told of a payer who left without paying.
CANCELLED = "cancelled"

blueprint = Blueprint("flutterwave_checkout", __name__, url_prefix="/flutterwave/checkout")


@blueprint.errorhandler(FlutterwaveError)
def refuse(error: FlutterwaveError) -> tuple[str, int]:
    return f"{error}\n", error.status


@blueprint.get("/<code>")
def show(code: str) -> str:
    transaction = _transaction(code)
    # A payer who walked away may come back: the page opens again.
    return _page(transaction, STATES.get(transaction.status, "open"))


@blueprint.post("/<code>")
def choose(code: str) -> str | Response:
    action = request.form.get("action", "")
    if action not in ACTIONS:
        abort(400, "Choose pay, decline or abandon.")
    transaction = act(world(), _transaction(code).tx_ref, action)
    if action == "pay" and transaction.redirect_url:
        return redirect(return_url(transaction), 302)
    return _page(transaction, STATES.get(transaction.status, "abandoned"))


def return_url(transaction: FlwTransaction) -> str:
    """The product's address with what Flutterwave adds; "" when none was given. Without an attempt there is no id."""
    if not transaction.redirect_url:
        return ""
    is_tried = transaction.status in STATES
    parts = urlsplit(transaction.redirect_url)
    query = [*parse_qsl(parts.query, keep_blank_values=True)]
    query += [("status", transaction.status if is_tried else CANCELLED), ("tx_ref", transaction.tx_ref)]
    query += [("transaction_id", str(transaction.id))] if is_tried else []
    return urlunsplit(parts._replace(query=urlencode(query)))


def _transaction(code: str) -> FlwTransaction:
    with world().store.begin() as session:
        found = session.scalar(select(FlwTransaction).where(FlwTransaction.checkout_code == code))
    return found or abort(404, "There is no such checkout.")


def _page(transaction: FlwTransaction, state: str) -> str:
    currency = transaction.asked_currency
    whole, rest = divmod(transaction.asked_amount, 10 ** minor_digits(currency))
    cents = f".{rest:0{minor_digits(currency)}d}" if minor_digits(currency) else ""
    return render_template(
        "checkout.html",
        state=state,
        merchant=MERCHANT,
        amount=f"{currency} {whole:,}{cents}",
        currency=currency,
        reference=transaction.tx_ref,
        email=transaction.email,
        status=transaction.status,
        test=True,
        back_url=return_url(transaction),
    )
