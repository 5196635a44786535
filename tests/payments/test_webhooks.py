"""Providers' webhooks: who did not sign is told nothing and leaves nothing, and the same news is kept once."""

import json

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core import db
from payments.models import ProviderEvent
from tests.payments.actors import at_once, outbox
from tests.payments.speech import signed, success_event

ADDRESS = "/webhooks/payment/paystack"
OURS = "sk_test_sandbox"
BODY = success_event("gw-17-0123456789abcdef")
GOOD = signed(BODY, OURS)["x-paystack-signature"]


def events() -> list[ProviderEvent]:
    with db.session() as session:
        return list(session.scalars(select(ProviderEvent).order_by(ProviderEvent.id)))


def work() -> list[tuple[str, dict[str, object]]]:
    with db.session() as session:
        return outbox(session)


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (BODY, None),
        (BODY, ""),
        (BODY, "0" * 128),
        (BODY, GOOD[:-1]),
        (BODY, signed(BODY, "sk_test_of_somebody_else")["x-paystack-signature"]),
        (BODY.replace(b"17", b"18"), GOOD),
        (BODY + b" ", GOOD),
        (json.dumps(json.loads(BODY)).encode(), GOOD),
        (b"", GOOD),
    ],
    ids=["missing", "empty", "zeros", "cut", "another key", "altered", "longer", "written anew", "no body"],
)
def test_without_its_signature_an_event_is_refused_and_not_kept(
    web: FlaskClient, body: bytes, signature: str | None
) -> None:
    headers = {} if signature is None else {"X-Paystack-Signature": signature}
    answer = web.post(ADDRESS, data=body, headers=headers, content_type="application/json")
    assert (answer.status_code, answer.json) == (403, {"error": "bad_signature"})
    assert events() == [] and work() == []


def test_a_signed_event_is_kept_as_it_came_and_put_to_work(web: FlaskClient) -> None:
    answer = web.post(ADDRESS, data=BODY, headers={"X-Paystack-Signature": GOOD}, content_type="application/json")
    assert (answer.status_code, answer.data) == (200, b"")
    (event,) = events()
    assert (event.provider, event.reference, event.body) == ("paystack", "gw-17-0123456789abcdef", BODY.decode())
    assert work() == [("payments.read_event", {"event": event.id})]


@pytest.mark.parametrize("header", ["x-paystack-signature", "X-Paystack-Signature", "X-PAYSTACK-SIGNATURE"])
def test_the_name_of_the_header_may_be_written_in_any_case(web: FlaskClient, header: str) -> None:
    assert web.post(ADDRESS, data=BODY, headers={header: GOOD}).status_code == 200


def test_the_same_event_again_is_answered_and_kept_once(web: FlaskClient) -> None:
    for _ in range(3):
        assert web.post(ADDRESS, data=BODY, headers={"X-Paystack-Signature": GOOD}).status_code == 200
    assert len(events()) == len(work()) == 1


def test_the_same_event_many_times_at_the_same_moment_is_kept_once(web: FlaskClient) -> None:
    def send() -> int:
        return (
            web.application.test_client().post(ADDRESS, data=BODY, headers={"X-Paystack-Signature": GOOD}).status_code
        )

    assert at_once(*[send] * 6) == [200] * 6
    assert len(events()) == len(work()) == 1


def test_an_event_about_a_reference_that_is_not_ours_is_answered_like_any_other(web: FlaskClient) -> None:
    body = success_event("somebody-elses-reference")
    assert web.post(ADDRESS, data=body, headers=_signed(body)).status_code == 200
    assert [event.reference for event in events()] == ["somebody-elses-reference"]


def test_other_news_about_the_same_reference_is_other_news(web: FlaskClient) -> None:
    for event, status in (("charge.success", "success"), ("refund.pending", "pending"), ("refund.pending", "failed")):
        body = json.dumps({"event": event, "data": {"reference": "gw-1-0123", "status": status}}).encode()
        assert web.post(ADDRESS, data=body, headers=_signed(body)).status_code == 200
    assert len(events()) == 3


def test_only_providers_that_we_know_have_an_address(web: FlaskClient) -> None:
    assert web.post("/webhooks/payment/stripe", data=BODY, headers={"X-Paystack-Signature": GOOD}).status_code == 404
    assert web.get(ADDRESS).status_code == 405


def test_an_event_of_a_megabyte_is_refused(web: FlaskClient) -> None:
    body = b"{" + b" " * 1_000_000 + b"}"
    assert web.post(ADDRESS, data=body, headers=_signed(body)).status_code == 413
    assert events() == []


def _signed(body: bytes) -> dict[str, str]:
    return signed(body, OURS)
