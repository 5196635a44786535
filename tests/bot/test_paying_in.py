"""Paying in without a page: how each phone is asked, what is said again, what a member chooses and what they hear."""

from datetime import UTC, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from bot import announcing_charges, dialogue, payways, standing_accounts
from bot.models import InboundMessage, Notification
from bot.payways import Way
from core import db
from core.outbox import OutboxRow
from ledger import transactions
from ledger.audit import Cause
from ledger.models import Group, Membership, Transaction
from payments import charging
from payments.models import Checkout, Collection, PayHabit, StandingAccount
from tests.bot.actors import Talker, plain

KENYA, FOREIGN = "+254712500001", "+447400123456"
MTN, TELECEL = "+233241500001", "+233201500001"
NIGERIA, SOUTH_AFRICA = "+2348031500001", "+27821500001"


def member(session: db.Session, number: str, channel: str = "sms", name: str = "Ama") -> Talker:
    """Somebody in that country, with a group of their own."""
    talker = Talker(session, channel, number).is_known(name)
    talker.founds("Umoja")
    return talker


def newest(talker: Talker) -> Collection:
    found = select(Collection).join(Transaction, Transaction.id == Collection.transaction_id)
    return talker.session.scalars(
        found.where(Transaction.user_id == talker.row().id).order_by(Collection.id.desc()).limit(1)
    ).one()


def started(talker: Talker, action: str, **instructions: str) -> Checkout:
    """The provider has taken the member's newest payment and says what to do."""
    collection = newest(talker)
    checkout = Checkout(
        group_id=collection.group_id,
        transaction_id=collection.transaction_id,
        provider="paystack",
        method=collection.method,
        network=collection.network,
        reference=f"gw-{collection.transaction_id}-0000000000000000",
        state="open",
        action=action,
        instructions=instructions or None,
        next_check_at=talker.at,
        created_at=talker.at,
    )
    talker.session.add(checkout)
    talker.session.flush()
    return checkout


def heard(talker: Talker) -> list[str]:
    found = select(Notification.body).where(Notification.user_id == talker.row().id).order_by(Notification.id)
    return list(talker.session.scalars(found))


def vouchers(talker: Talker) -> list[tuple[int, str]]:
    """What was put to work, unsealed: the attempt, and the figures."""
    found = work(talker, "payments.submit_otp")
    return [(each["checkout"], charging.opened_otp(each["checkout"], each["otp"])) for each in found]


def work(talker: Talker, kind: str) -> list[dict[str, Any]]:
    found = select(OutboxRow.payload).where(OutboxRow.kind == kind).order_by(OutboxRow.id)
    return list(talker.session.scalars(found))


def end(talker: Talker, state: str, reason: str) -> None:
    """The newest payment has ended without money, and its payer is told."""
    collection = newest(talker)
    cause = Cause(None, "paystack")
    transactions.end(talker.session, collection.group_id, collection.transaction_id, state, reason, talker.at, cause)
    talker.session.expire_all()
    announcing_charges.ended(talker.session, collection.transaction_id, talker.at)


# How each phone is asked


@pytest.mark.parametrize(
    ("number", "words", "method", "network"),
    [
        (KENYA, ("you pay KES 508", "fee of KES 8", "M-PESA asks for your PIN"), "mobile_money", "mpesa"),
        (MTN, ("you pay GHS 509.94", "MTN MoMo asks for your PIN"), "mobile_money", "mtn"),
        (TELECEL, ("Dial *110#", "Telecel Cash voucher", "voucher 123456"), "mobile_money", "telecel"),
        (NIGERIA, ("account number to pay into", "comes in a moment"), "bank_transfer", None),
    ],
)  # fmt: skip
def test_a_feature_phone_is_never_sent_a_link_first(
    session: db.Session, number: str, words: tuple[str, ...], method: str, network: str | None
) -> None:
    ama = member(session, number)
    ama.says("contribute 500").expects("Umoja: you save", *words)
    assert "/p/" not in ama.reply
    assert len(ama.reply) <= 160
    assert (newest(ama).method, newest(ama).network) == (method, network)
    assert work(ama, "payments.start_charge") == [{"collection": newest(ama).id}]


def test_on_whatsapp_the_link_comes_first_and_the_prompt_when_it_is_asked_for(session: db.Session) -> None:
    ama = member(session, KENYA, "whatsapp")
    ama.says("contribute 500").expects("Pay here:", "/p/")
    ama.says("contribute 600 by mpesa").expects("M-PESA asks for your PIN")
    ama.says("contribute by M-Pesa").expects("How much").says("700 please").expects("M-PESA asks for your PIN")
    ama.says("contrbute 800 by mpesa").expects("Did you mean").says("yes").expects("M-PESA asks for your PIN")
    assert newest(ama).method == "mobile_money"


def test_who_has_no_way_without_the_internet_hears_of_cash_and_of_the_link(session: db.Session) -> None:
    zola = member(session, SOUTH_AFRICA, name="Zola")
    zola.says("contribute 200").expects("without the internet", "contribute 200 by link")
    assert "cash" not in zola.reply, "nobody confirms their own cash"
    thabo = Talker(session, "sms", "+27821500002")
    code = session.scalars(select(Group.code)).one()
    thabo.says(f"join {code}").says("Thabo").expects("Welcome")
    thabo.says("contribute 200").expects("in cash to Zola", "cash 200 from Thabo", "contribute 200 by link")
    assert len(thabo.reply) <= 160, thabo.reply
    assert not session.scalars(select(Transaction)).all()
    thabo.says("contribute 200 by cash").expects("Give the ZAR 200 to Zola", "cash 200 from Thabo")
    thabo.says("contribute 200 by link").expects("Pay here:", "/p/")
    session.execute(update(Membership).values(role="treasurer").where(Membership.user_id == thabo.row().id))
    zola.says("contribute 200").expects("in cash to Thabo", "cash 200 from Zola")


def test_a_prompt_goes_only_to_a_phone_of_the_country(session: db.Session) -> None:
    ama = member(session, KENYA)
    code = session.scalars(select(Group.code)).one()
    guest = Talker(session, "sms", FOREIGN)
    guest.says(f"join {code}").says("Grace").expects("Welcome")
    guest.says("contribute 200").expects("without the internet", "in cash to Ama", "by link")
    guest.says("contribute 200 by mpesa").expects("only on your own phone", "link")
    guest.says("pay by mpesa").expects("only on your own phone")
    assert not session.scalars(select(PayHabit)).all()
    ama.says("pay by telecel").expects("do not know that way", "mpesa, link")


def test_a_link_on_whatsapp_takes_five_statements_and_a_commit(session: db.Session) -> None:
    ama = member(session, KENYA, "whatsapp")
    statements: list[str] = []
    connection = session.connection()

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    dialogue.respond(session, ama.message("contribute 500"), ama.at, plain)
    event.remove(connection, "before_cursor_execute", note)
    asked = [each for each in statements if "SAVEPOINT" not in each]
    assert len(asked) <= 5, asked


# Asked again


def test_the_same_payment_is_asked_for_once_and_told_again(session: db.Session) -> None:
    ama = member(session, KENYA)
    ama.says("contribute 500").says("contribute 500").expects("has asked for your PIN", "Write again in 3 minutes")
    assert len(session.scalars(select(Transaction)).all()) == 1
    assert len(work(ama, "payments.start_charge")) == 1


def test_a_code_or_an_account_that_has_come_is_told_again(session: db.Session) -> None:
    ama = member(session, NIGERIA)
    ama.says("contribute 5000").says("contribute 5000").expects("comes in a moment")
    until = (ama.at + timedelta(hours=1)).astimezone(UTC)
    started(ama, "transfer", bank="Wema Bank", number="9812345678", holder="PAYSTACK / UMOJA", until=until.isoformat())
    ama.says("contribute 5000").expects(
        "pay exactly NGN 5,", "into Wema Bank 9812345678 (PAYSTACK / UMOJA)", "by 11:30"
    )
    ama.says("contribute 5000 by gtbank").expects("I fetch a code to dial for GTBank")
    started(ama, "dial", code="*737*33*4*18791#")
    ama.says("contribute 5000 by gtbank").expects("dial *737*33*4*18791# on this phone to pay NGN 5,")
    assert len(ama.reply) <= 160


# What a job tells


def test_the_account_of_a_transfer_is_told_when_it_is_there(session: db.Session) -> None:
    ama = member(session, NIGERIA)
    ama.says("contribute 5000")
    checkout = started(ama, "transfer", bank="Wema Bank", number="9812345678", until="2026-11-21T02:30:00+00:00")
    announcing_charges.started(session, checkout.id, ama.at)
    announcing_charges.started(session, checkout.id, ama.at)
    (words,) = heard(ama)
    for part in ("Umoja: pay exactly NGN 5,", "Wema Bank 9812345678", "by Sat 21 Nov 03:30", "receipt for NGN 5,000"):
        assert part in words
    checkout.state = "paid"
    announcing_charges.started(session, checkout.id, ama.at + timedelta(seconds=1))
    assert len(heard(ama)) == 1


def test_a_voucher_is_asked_for_once(session: db.Session) -> None:
    ama = member(session, TELECEL)
    ama.says("contribute 50")
    checkout = started(ama, "otp", words="Please dial *110#")
    announcing_charges.started(session, checkout.id, ama.at)
    assert heard(ama) == []
    session.execute(update(Collection).values(network="mtn"))
    session.expire_all()
    announcing_charges.started(session, checkout.id, ama.at)
    assert "wants a code from you for your GHS 50" in heard(ama)[0]


# Vouchers


def test_the_voucher_is_the_answer_and_is_not_kept_with_the_message(session: db.Session) -> None:
    ama = member(session, TELECEL)
    ama.says("contribute 50").expects("voucher 123456")
    ama.says("654321").expects("once more in a minute")  # No provider has been asked yet.
    checkout = started(ama, "otp")
    ama.says("what?").expects("could not read that voucher", "*110#")
    ama.says("12").expects("could not read that voucher")
    ama.says("balance").expects("you have GHS 0")
    ama.says("654 321").expects("I give the voucher to Telecel Cash", "GHS 50")
    assert vouchers(ama) == [(checkout.id, "654321")]
    bodies = session.scalars(select(InboundMessage.body)).all()
    assert not any("654" in body for body in bodies)
    assert "voucher ******" in bodies
    assert len(session.scalars(select(Transaction)).all()) == 1


def test_a_refused_voucher_is_told_and_bare_figures_are_still_taken_as_one(session: db.Session) -> None:
    ama = member(session, TELECEL)
    ama.says("contribute 50")
    checkout = started(ama, "otp")
    ama.says("voucher 111111").expects("I give the voucher")
    announcing_charges.otp_refused(session, checkout.id, ama.at)
    assert "did not take that voucher, so nothing was paid. Dial *110# for a new one" in heard(ama)[-1]
    ama.says("222222").expects("I give the voucher")
    assert [figures for _, figures in vouchers(ama)] == ["111111", "222222"]
    session.execute(update(Checkout).values(state="paid"))
    ama.says("333333").expects("did not understand")
    ama.says("voucher 333333").expects("No payment of yours waits for a voucher")


def test_a_voucher_never_becomes_an_amount_and_a_phone_number_no_voucher(session: db.Session) -> None:
    ama = member(session, TELECEL)
    ama.says("contribute 50")
    started(ama, "otp")
    ama.says("0201500001").expects("could not read that voucher")
    ama.says("contribute").expects("How much").says("123456").expects("I give the voucher")
    ama.says("contribute").says("60").expects("you save GHS 60")
    assert session.scalars(select(Transaction.amount_minor).order_by(Transaction.id)).all() == [5_000, 6_000]


def test_figures_are_a_voucher_only_where_one_is_asked_for(session: db.Session) -> None:
    ama = member(session, KENYA)
    ama.says("contribute 500")
    started(ama, "approve").state = "opening"
    session.flush()
    ama.says("123456").expects("did not understand")
    ama.says("voucher 123456").expects("No payment of yours waits")


# pay by


def test_pay_by_lists_what_this_member_is_offered_and_takes_the_number(session: db.Session) -> None:
    ama = member(session, NIGERIA)
    ama.says("pay by").expects("How do you want to pay Umoja?", "1 bank transfer", "2 your own account number", "link")
    assert "PIN" not in ama.reply
    assert len(ama.reply) <= 306
    ama.says("99").expects("How do you want to pay").says("3").expects("From now on you pay by GTBank code")
    ama.says("contribute 500").expects("I fetch a code to dial for GTBank")
    ama.says("pay by").says("link").expects("From now on you pay by link, with internet")
    ama.says("contribute 500").expects("/p/")
    ama.says("contribute 500 by transfer").expects("account number to pay into")
    assert session.scalars(select(PayHabit.method)).all() == ["checkout"]


@pytest.mark.parametrize(
    ("number", "said", "way"),
    [
        (KENYA, "M-PESA please", Way("mobile_money", "mpesa")),
        (KENYA, "mobile money", Way("mobile_money", "mpesa")),
        (MTN, "momo", Way("mobile_money", "mtn")),
        (MTN, "MTN Momo", Way("mobile_money", "mtn")),
        (MTN, "vodafone cash", Way("mobile_money", "telecel")),
        (MTN, "airteltigo", Way("mobile_money", "at")),
        (TELECEL, "my wallet", Way("mobile_money", "telecel")),
        (NIGERIA, "ussd gtbank", Way("ussd", "gtbank")),
        (NIGERIA, "GT Bank code", Way("ussd", "gtbank")),
        (NIGERIA, "*737#", Way("ussd", "gtbank")),
        (NIGERIA, "Zenith", Way("ussd", "zenith")),
        (NIGERIA, "sterling bank", Way("ussd", "sterling")),
        (NIGERIA, "UBA", Way("ussd", "uba")),
        (NIGERIA, "ussd", Way("ussd")),
        (NIGERIA, "bank transfer", Way("bank_transfer")),
        (NIGERIA, "bank", Way("bank_transfer")),
        (NIGERIA, "my account number", Way("standing_account")),
        (NIGERIA, "card", Way("checkout")),
        (NIGERIA, "friday", None),
    ],
)
def test_ways_are_named_as_people_name_them(session: db.Session, number: str, said: str, way: Way | None) -> None:
    member(session, number)
    assert payways.read(said, session.scalars(select(Group)).one(), number) == way


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("500", ("500", None)),
        ("500 by link", ("500", "link")),
        ("by mpesa 500", ("500", "mpesa")),
        ("by mpesa", ("", "mpesa")),
        ("500 with love", ("500 with love", None)),
        ("500 with mpesa", ("500", "mpesa")),
        ("500 using ussd gtbank", ("500", "ussd gtbank")),
        ("500 by Friday", ("500", "Friday")),
    ],
)
def test_the_way_is_taken_off_an_amount(text: str, parts: tuple[str, str | None]) -> None:
    assert payways.split(text) == parts


def test_a_way_that_nobody_knows_writes_nothing(session: db.Session) -> None:
    ama = member(session, KENYA)
    ama.says("contribute 500 by friday").expects("do not know that way", "mpesa, link")
    ama.says("pay by transfer").expects("do not know that way")
    ama.says("pay by mpesa").expects("From now on you pay by M-PESA", "by link")
    assert not session.scalars(select(Transaction)).all()
    ngozi = member(session, NIGERIA, name="Ngozi")
    ngozi.says("pay by ussd").expects("Which bank?", "GTBank", "pay by gtbank")


# An account number of one's own


def test_an_account_number_is_asked_for_and_then_told_at_once(session: db.Session) -> None:
    ama = member(session, NIGERIA)
    ama.says("pay by account").expects("I ask for an account number of your own", "comes soon")
    account = session.scalars(select(StandingAccount)).one()
    assert work(ama, "payments.open_standing") == [{"account": account.id}]
    account.bank, account.number, account.holder, account.state = "Wema Bank", "9912345678", "UMOJA / AMA", "open"
    session.flush()
    standing_accounts.answered(session, account.id, ama.at)
    told = "Your account for Umoja: Wema Bank 9912345678 (UMOJA / AMA). Whatever is paid in there, from any bank,"
    assert heard(ama) == [f"{told} becomes your savings, less the fee."]
    for asking in ("my account number", "account number", "pay by account", "contribute 500 by account"):
        ama.says(asking).expects(told)
    session.execute(update(Group).values(fee_bearer="group"))
    ama.says("my account number").expects("becomes your savings.")
    assert not session.scalars(select(Transaction)).all()


def test_a_refused_account_says_what_to_do_instead(session: db.Session) -> None:
    ama = member(session, NIGERIA)
    ama.says("pay by account")
    account = session.scalars(select(StandingAccount)).one()
    account.state, account.refused_because = "refused", "no"
    session.flush()
    standing_accounts.answered(session, account.id, ama.at)
    assert "opens no account number for you" in heard(ama)[0] and "pay by" in heard(ama)[0]
    thandi = member(session, SOUTH_AFRICA, name="Thandi")
    thandi.says("my account number").expects("There are no account numbers", "pay by")


# What did not work


def test_a_prompt_that_was_not_approved_in_time(session: db.Session) -> None:
    ama = member(session, KENYA)
    ama.says("contribute 500")
    started(ama, "approve")
    ama.waits(minutes=4)
    end(ama, "failed", "the payment was declined")
    assert heard(ama) == [
        "Your payment of KES 500 to Umoja did not go through: it was not approved on the phone in time."
        " Nothing was taken. To try again, write: contribute 500. Or: contribute 500 by link"
    ]


def test_a_prompt_that_was_declined_and_one_that_no_service_took(session: db.Session) -> None:
    ama = member(session, NIGERIA)
    ama.says("contribute 500 by gtbank")
    started(ama, "dial")
    end(ama, "failed", "the payment was declined")
    assert "it was declined. Nothing was taken" in heard(ama)[-1]
    assert heard(ama)[-1].endswith("contribute 500 by transfer")
    ama.says("contribute 600")
    end(ama, "failed", charging.NOT_STARTED)
    assert "no payment service could be reached. Nothing was taken" in heard(ama)[-1]
    on_whatsapp = member(session, KENYA, "whatsapp", "Wanjiru")
    on_whatsapp.says("contribute 500 by mpesa")
    end(on_whatsapp, "failed", charging.NOT_STARTED)
    assert heard(on_whatsapp)[-1].endswith("contribute 500. Or: contribute 500 by link")
    on_whatsapp.says("contribute 600")
    end(on_whatsapp, "failed", "the payment was declined")
    assert heard(on_whatsapp)[-1].endswith("To try again, write: contribute 600")


def test_what_ran_out_is_closed_in_the_words_of_what_it_was(session: db.Session) -> None:
    ama = member(session, KENYA)
    ama.says("contribute 500")
    end(ama, "expired", "not paid in time")
    assert heard(ama) == [
        "Your contribution of KES 500 to Umoja was not paid, so it is closed. To start again, write: contribute 500"
    ]
