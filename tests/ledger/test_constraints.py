"""Every constraint of the ledger's tables, by name, with one statement that only it refuses.

The statements run beside two groups of which one has a posted transaction; a constraint without a line here fails.
"""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core import db
from core.db import Base
from ledger import approvals
from ledger.approvals import Subject
from ledger.audit import Cause
from tests.ledger.actors import AT, World, as_owner, open_wallet, saved, voted, wish

TABLES = {
    mapper.class_.__tablename__
    for mapper in Base.registry.mappers
    if mapper.class_.__module__.startswith("ledger.models.")
}

INVITATION = "INSERT INTO invitations (group_id, phone_index, phone_sealed, invited_by) VALUES "
GROUP = "INSERT INTO groups (code, name, currency, country, time_zone, created_by) VALUES "
WALLET = "INSERT INTO wallets (group_id, kind, user_id, provider, currency) VALUES "
TRANSACTION = """INSERT INTO transactions (group_id, user_id, kind, currency, amount_minor, idempotency_key, channel,
                                           created_at) VALUES """
REVERSAL = """INSERT INTO transactions (group_id, kind, currency, amount_minor, idempotency_key, channel, created_at,
                                        reason, reverses_id) VALUES """
ENTRY = """INSERT INTO entries (group_id, transaction_id, wallet_id, amount_minor, balance_after_minor, wallet_version,
                                created_at) VALUES """
RECEIPT = "INSERT INTO receipts (group_id, number, transaction_id, seq, issued_at) VALUES "
RESERVATION = "INSERT INTO reservations (group_id, transaction_id, wallet_id, amount_minor, created_at) VALUES "
AUDIT = "INSERT INTO audit_log (group_id, seq, at, action, data, channel, previous_hash, hash) VALUES "

APPROVAL = {
    "uid": "gen_random_uuid()",
    "group_id": ":umoja",
    "kind": "'withdrawal'",
    "asked_by": ":ama",
    "user_id": ":ama",
    "amount_minor": "1",
    "facts_sealed": "''",
    "facts_hash": "''",
    "state": "'open'",
    "eligible": "2",
    "yes": "0",
    "no": "0",
    "opened_at": "now()",
    "closes_at": "now() + interval '1 hour'",
    "decided_at": "NULL",
}
VOTE = "INSERT INTO votes (group_id, approval_id, user_id) VALUES "
VOTED = """INSERT INTO transactions (group_id, kind, currency, amount_minor, idempotency_key, channel, created_at,
                                     approval_id) VALUES """
RETURNED = """INSERT INTO transactions (group_id, user_id, kind, currency, amount_minor, idempotency_key, channel,
                                        created_at, returns_id) VALUES """
LOAN = """INSERT INTO loans (id, group_id, user_id, number, reason, principal_minor, rate_percent, periods, method,
                             period, grace_days, penalty_percent, penalty_base, asked_at)
          OVERRIDING SYSTEM VALUE
          SELECT {}, {}, {}, {}, 'seeds', 100, 2, 4, 'flat', 'monthly', 3, 0, 'principal', now()"""
INSTALMENT = """INSERT INTO instalments (group_id, loan_id, number, due, principal_minor, interest_minor)
                VALUES """
GUARANTEE = """INSERT INTO guarantees (group_id, loan_id, user_id, amount_minor, asked_at, transaction_id) VALUES """


def asking(**changes: str) -> str:
    """The row of an approval that is as it should be but for these columns."""
    values = APPROVAL | changes
    return f"INSERT INTO approvals ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def rule(assignment: str) -> str:
    return f"UPDATE groups SET {assignment} WHERE id = :umoja"


def lent(assignment: str) -> str:
    return f"UPDATE loans SET {assignment} WHERE id = :loan"


MOVED = "UPDATE wallets SET balance_minor = {}, version = version + 1 WHERE {}"

REFUSED = {
    "uq_users_uid": "INSERT INTO users (uid) SELECT uid FROM users WHERE id = :ama",
    "uq_users_phone_index": """INSERT INTO users (phone_index, phone_sealed)
                               SELECT phone_index, phone_sealed FROM users WHERE id = :ama""",
    "ck_users_phone": "UPDATE users SET phone_sealed = NULL WHERE id = :ama",
    # Groups
    "ck_groups_currency": GROUP + "('X-222222', 'X', 'kes', 'KE', 'UTC', :ama)",
    "ck_groups_fee_bearer": "UPDATE groups SET fee_bearer = 'nobody' WHERE id = :umoja",
    "ck_groups_reversal_limit": "UPDATE groups SET reversal_limit_percent = 101 WHERE id = :umoja",
    "ck_groups_contribution_max": "UPDATE groups SET contribution_max_minor = 0 WHERE id = :umoja",
    "ck_groups_member_limit": "UPDATE groups SET member_limit = 501 WHERE id = :umoja",
    "ck_groups_vote_hours": rule("vote_hours = 0"),
    "ck_groups_withdrawal_max": rule("withdrawal_max_minor = 0"),
    "ck_groups_loan_rate": rule("loan_rate_percent = 100.0001"),
    "ck_groups_loan_method": rule("loan_method = 'gift'"),
    "ck_groups_loan_period": rule("loan_period = 'daily'"),
    "ck_groups_loan_max_periods": rule("loan_max_periods = 521"),
    "ck_groups_loan_savings_multiple": rule("loan_savings_multiple = 0"),
    "ck_groups_loans_open_max": rule("loans_open_max = 21"),
    "ck_groups_loan_guarantors": rule("loan_guarantors = 11"),
    "ck_groups_loan_grace_days": rule("loan_grace_days = 61"),
    "ck_groups_loan_penalty": rule("loan_penalty_percent = -1"),
    "ck_groups_loan_penalty_base": rule("loan_penalty_base = 'everything'"),
    "ck_groups_loan_rounding": rule("loan_rounding_minor = 0"),
    "ck_groups_loan_instalment_multiple": rule("loan_instalment_multiple_minor = 0"),
    "ck_groups_overpayment": rule("overpayment = 'kept'"),
    "fk_groups_created_by": GROUP + "('X-222222', 'X', 'KES', 'KE', 'UTC', :nobody)",
    "uq_groups_code": "UPDATE groups SET code = (SELECT code FROM groups WHERE id = :harambee) WHERE id = :umoja",
    "uq_groups_secret": GROUP + "('OTHER-' || :secret, 'X', 'KES', 'KE', 'UTC', :ama)",
    # Memberships and invitations
    "ck_memberships_role": "UPDATE memberships SET role = 'king' WHERE user_id = :ama",
    "ck_memberships_status": "UPDATE memberships SET status = 'away' WHERE user_id = :ama",
    "fk_memberships_group_id": "INSERT INTO memberships (group_id, user_id) VALUES (:nobody, :ama)",
    "fk_memberships_user_id": "INSERT INTO memberships (group_id, user_id) VALUES (:umoja, :nobody)",
    "uq_memberships_group_id_user_id": "INSERT INTO memberships (group_id, user_id) VALUES (:umoja, :ama)",
    "fk_invitations_group_id": INVITATION + "(:nobody, '1', '+1', :ama)",
    "fk_invitations_invited_by": INVITATION + "(:umoja, '1', '+1', :nobody)",
    "uq_invitations_group_id_phone_index": INVITATION + "(:umoja, '1', '+1', :ama), (:umoja, '1', '+2', :baraka)",
    # Wallets
    "ck_wallets_kind": WALLET + "(:umoja, 'pocket', NULL, '', 'KES')",
    "ck_wallets_balance_side": "UPDATE wallets SET balance_minor = 5000, version = version + 1 WHERE kind = 'cash'",
    "ck_wallets_available": "UPDATE wallets SET reserved_minor = 5001 WHERE id = :savings",
    "ck_wallets_reserved": "UPDATE wallets SET reserved_minor = -1 WHERE id = :savings",
    "ck_wallets_members_wallets_have_an_owner": WALLET + "(:umoja, 'savings', NULL, '', 'KES')",
    "ck_wallets_cash_lies_at_a_provider": WALLET + "(:umoja, 'cash', NULL, '', 'KES')",
    "fk_wallets_group_id_currency": WALLET + "(:umoja, 'cash', NULL, 'other', 'NGN')",
    "fk_wallets_user_id": WALLET + "(:umoja, 'savings', :nobody, '', 'KES')",
    "uq_wallets_group_id_kind_owner_id_provider": WALLET + "(:umoja, 'fee_income', NULL, '', 'KES')",
    # Transactions
    "ck_transactions_kind": TRANSACTION + "(:umoja, :ama, 'gift', 'KES', 1, 'k', 'sms', now())",
    # The trigger of the states would refuse first.
    "ck_transactions_state": """SET CONSTRAINTS ALL IMMEDIATE;
                                ALTER TABLE transactions DISABLE TRIGGER transactions_states;
                                UPDATE transactions SET state = 'lost' WHERE id = :open""",
    "ck_transactions_amount": TRANSACTION + "(:umoja, :ama, 'contribution', 'KES', 0, 'k', 'sms', now())",
    "ck_transactions_completed_at": "UPDATE transactions SET state = 'completed' WHERE id = :open",
    "fk_transactions_group_id_currency": TRANSACTION + "(:umoja, :ama, 'contribution', 'NGN', 1, 'k', 'sms', now())",
    "fk_transactions_user_id": TRANSACTION + "(:umoja, :nobody, 'contribution', 'KES', 1, 'k', 'sms', now())",
    "uq_transactions_group_id_idempotency_key": TRANSACTION
    + "(:umoja, :baraka, 'contribution', 'KES', 1, :key, 'sms', now())",
    "ck_transactions_reversal": TRANSACTION + "(:umoja, :ama, 'reversal', 'KES', 1, 'k', 'sms', now())",
    "fk_transactions_group_id_reverses_id": REVERSAL
    + "(:umoja, 'reversal', 'KES', 1, 'k', 'sms', now(), 'why', :nobody)",
    "uq_transactions_reverses_id": REVERSAL
    + """(:umoja, 'reversal', 'KES', 1, 'k', 'sms', now(), 'why', :posted),
         (:umoja, 'reversal', 'KES', 1, 'l', 'sms', now(), 'why', :posted)""",
    "fk_transactions_group_id_approval_id": VOTED + "(:harambee, 'payout', 'KES', 1, 'k', 'sms', now(), :vote)",
    "uq_transactions_approval": VOTED
    + """(:umoja, 'payout', 'KES', 1, 'k', 'sms', now(), :vote),
         (:umoja, 'payout', 'KES', 1, 'l', 'sms', now(), :vote)""",
    "ck_transactions_returns": RETURNED + "(:umoja, :ama, 'fee', 'KES', 1, 'k', 'sms', now(), :posted)",
    # The trigger of what goes back would refuse first.
    "fk_transactions_group_id_returns_id": """SET CONSTRAINTS ALL IMMEDIATE;
                                ALTER TABLE transactions DISABLE TRIGGER transactions_returned_born;"""
    + RETURNED
    + "(:umoja, :ama, 'refund', 'KES', 1, 'k', 'sms', now(), :nobody)",
    # Approvals and votes
    "ck_approvals_kind": asking(kind="'party'"),
    "ck_approvals_state": asking(state="'lost'", decided_at="now()"),
    "ck_approvals_amount": asking(amount_minor="0"),
    "ck_approvals_tally": asking(yes="2", no="1"),
    "ck_approvals_passed_by_51_percent": asking(state="'passed'", yes="1", decided_at="now()"),
    "ck_approvals_decided_at": asking(decided_at="now()"),
    "ck_approvals_closes_at": asking(closes_at="now()"),
    "fk_approvals_group_id": asking(group_id=":nobody"),
    "fk_approvals_asked_by": asking(asked_by=":nobody"),
    "fk_approvals_user_id": asking(user_id=":nobody"),
    "uq_approvals_uid": asking(uid="(SELECT uid FROM approvals WHERE id = :vote)"),
    "ck_votes_choice": """UPDATE votes SET choice = 'maybe', voted_at = now()
                           WHERE approval_id = :asked AND user_id = :baraka""",
    "ck_votes_voted_at": "UPDATE votes SET choice = 'yes' WHERE approval_id = :asked AND user_id = :baraka",
    "fk_votes_group_id_approval_id": VOTE + "(:harambee, :vote, :ama)",
    "fk_votes_user_id": VOTE + "(:umoja, :vote, :nobody)",
    # Loans, their instalments and guarantees
    "ck_loans_principal": lent("principal_minor = 0"),
    "ck_loans_rate": lent("rate_percent = -1"),
    "ck_loans_periods": lent("periods = 0"),
    "ck_loans_method": lent("method = 'gift'"),
    "ck_loans_period": lent("period = 'daily'"),
    "ck_loans_state": lent("state = 'lost'"),
    "ck_loans_started_on": lent("state = 'active'"),
    "fk_loans_group_id": LOAN.format(8, ":nobody", ":ama", 8),
    "fk_loans_user_id": LOAN.format(8, ":umoja", ":nobody", 8),
    "uq_loans_group_id_number": LOAN.format(8, ":umoja", ":ama", 7),
    "ck_instalments_amounts": INSTALMENT + "(:umoja, :loan, 2, '2026-03-14', 0, 1)",
    "ck_instalments_paid": "UPDATE instalments SET paid_interest_minor = 1 WHERE loan_id = :loan",
    "fk_instalments_group_id_loan_id": INSTALMENT + "(:harambee, :loan, 2, '2026-03-14', 1, 1)",
    "ck_guarantees_amounts": GUARANTEE + "(:umoja, :loan, :ama, 0, now(), NULL)",
    "ck_guarantees_state": "UPDATE guarantees SET state = 'lost' WHERE loan_id = :loan",
    "ck_guarantees_held": "UPDATE guarantees SET held_minor = 1 WHERE loan_id = :loan",
    "fk_guarantees_group_id_loan_id": GUARANTEE + "(:harambee, :loan, :ama, 1, now(), NULL)",
    "fk_guarantees_group_id_transaction_id": GUARANTEE + "(:umoja, :loan, :ama, 1, now(), :nobody)",
    "fk_guarantees_user_id": GUARANTEE + "(:umoja, :loan, :nobody, 1, now(), NULL)",
    # Entries
    "ck_entries_amount": ENTRY + "(:umoja, :open, :savings, 0, 0, 99, now())",
    "fk_entries_group_id_transaction_id": ENTRY + "(:umoja, :nobody, :savings, 1, 1, 99, now())",
    "fk_entries_group_id_wallet_id": ENTRY + "(:umoja, :open, :nobody, 1, 1, 99, now())",
    "uq_entries_group_id_transaction_id_wallet_id": ENTRY + "(:umoja, :posted, :savings, 1, 1, 99, now())",
    # Reservations
    "ck_reservations_amount": RESERVATION + "(:umoja, :open, :savings, 0, now())",
    "ck_reservations_state": "INSERT INTO reservations VALUES (:umoja, :open, :savings, 1, 'lost', now(), now())",
    "ck_reservations_ended_at": "INSERT INTO reservations VALUES (:umoja, :open, :savings, 1, 'held', now(), now())",
    "fk_reservations_group_id_transaction_id": RESERVATION + "(:umoja, :nobody, :savings, 1, now())",
    "fk_reservations_group_id_wallet_id": RESERVATION + "(:umoja, :open, :nobody, 1, now())",
    # Receipts and the audit log
    "fk_receipts_group_id_transaction_id": RECEIPT + "(:umoja, 9, :nobody, 1, now())",
    "uq_receipts_group_id_transaction_id": RECEIPT + "(:umoja, 9, :posted, 1, now())",
    "fk_audit_log_group_id": AUDIT + "(:nobody, 1, now(), 'x', '{}', 'sms', '', '')",
}

# Only there to be referred to: the primary key refuses first.
TARGETS = {
    "uq_groups_id_currency", "uq_wallets_group_id_id", "uq_transactions_group_id_id", "uq_approvals_group_id_id",
    "uq_loans_group_id_id",
}  # fmt: skip


@pytest.fixture
def ids(session: db.Session, world: World) -> dict[str, Any]:
    """What the statements name: people, groups, a posted and an open transaction, a vote that passed and one that is
    open, Ama's savings, her loan, for which Baraka was asked to stand, and nobody."""
    posted = saved(session, world.umoja, world.ama)
    for kind in ("fee_income", "fee_expense"):
        open_wallet(session, world.umoja, kind)
    open_wish = wish(session, world.umoja, world.ama, key="taken")
    savings = open_wallet(session, world.umoja, "savings", user_id=world.ama.id)
    vote = voted(session, world.umoja.id, "payout", world.ama.id, 1)
    asked = approvals.ask(session, world.umoja, Subject("rule"), AT, Cause(world.ama.id, "sms"))
    as_owner(session)
    named = {"umoja": world.umoja.id, "ama": world.ama.id, "baraka": world.baraka.id, "loan": 7}
    session.execute(text(LOAN.format(":loan", ":umoja", ":ama", 7)), named)
    session.execute(text(INSTALMENT + "(:umoja, :loan, 1, '2026-03-14', 100, 8)"), named)
    session.execute(text(GUARANTEE + "(:umoja, :loan, :baraka, 100, now(), NULL)"), named)
    return {
        "vote": vote,
        "asked": asked.approval_id,
        "loan": 7,
        "ama": world.ama.id,
        "baraka": world.baraka.id,
        "umoja": world.umoja.id,
        "harambee": world.harambee.id,
        "secret": world.umoja.code[-6:],
        "posted": posted.id,
        "open": open_wish.id,
        "key": "taken",
        "savings": savings,
        "nobody": 2**62,
    }


@pytest.mark.parametrize("constraint", REFUSED)
def test_the_database_refuses(session: db.Session, ids: dict[str, Any], constraint: str) -> None:
    assert _refusal(session, REFUSED[constraint], ids) == constraint


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        (MOVED.format(-1, "id = :savings"), "ck_wallets_balance_side"),
        (MOVED.format(1, "kind = 'fee_expense'"), "ck_wallets_balance_side"),
        (MOVED.format(-1, "kind = 'fee_income'"), "ck_wallets_balance_side"),
        ("UPDATE wallets SET reserved_minor = 5001 WHERE kind = 'cash' AND balance_minor < 0", "ck_wallets_available"),
        (WALLET + "(:umoja, 'fee_income', :ama, '', 'KES')", "ck_wallets_members_wallets_have_an_owner"),
        (WALLET + "(:umoja, 'fee_income', NULL, 'paystack', 'KES')", "ck_wallets_cash_lies_at_a_provider"),
        (WALLET + "(:umoja, 'savings', :ama, '', 'KES')", "uq_wallets_group_id_kind_owner_id_provider"),
        (WALLET + "(:umoja, 'cash', NULL, 'paystack', 'KES')", "uq_wallets_group_id_kind_owner_id_provider"),
        ("UPDATE groups SET member_limit = 0 WHERE id = :umoja", "ck_groups_member_limit"),
        (TRANSACTION + "(:umoja, :ama, 'contribution', 'KES', -1, 'k', 'sms', now())", "ck_transactions_amount"),
    ],
)
def test_the_other_sides_of_a_constraint_hold_too(
    session: db.Session, ids: dict[str, Any], statement: str, constraint: str
) -> None:
    assert _refusal(session, statement, ids) == constraint


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        (
            ENTRY + "(:harambee, :open, :savings, 1, 1, 99, now())",
            "fk_entries_group_id_transaction_id",
        ),
        (
            ENTRY + "(:umoja, :open, (SELECT id FROM wallets WHERE group_id = :harambee LIMIT 1), 1, 1, 99, now())",
            "fk_entries_group_id_wallet_id",
        ),
        (RECEIPT + "(:harambee, 9, :open, 1, now())", "fk_receipts_group_id_transaction_id"),
        (RESERVATION + "(:harambee, :open, :savings, 1, now())", "fk_reservations_group_id_transaction_id"),
        ("UPDATE wallets SET currency = 'NGN' WHERE kind = 'fee_income'", "fk_wallets_group_id_currency"),
        ("UPDATE groups SET currency = 'NGN' WHERE id = :umoja", None),
    ],
    ids=[
        "another group",
        "another group's wallet",
        "another group's receipt",
        "another group's promise",
        "wallet's currency",
        "group's currency",
    ],
)
def test_one_currency_and_one_group_hold_together_what_a_transaction_moves(
    session: db.Session, ids: dict[str, Any], statement: str, constraint: str | None
) -> None:
    refused_by = _refusal(session, statement, ids)
    if constraint is None:  # Entries, transactions and wallets refer to it; any of them may be asked first.
        assert refused_by.startswith("fk_")
    else:
        assert refused_by == constraint


def test_the_currency_of_a_group_without_transactions_takes_its_wallets_along(
    session: db.Session, ids: dict[str, Any]
) -> None:
    session.execute(text("UPDATE groups SET currency = 'NGN' WHERE id = :harambee"), ids)
    found = session.execute(text("SELECT DISTINCT currency FROM wallets WHERE group_id = :harambee"), ids).scalars()
    assert list(found) == ["NGN"]


def test_every_constraint_has_a_statement_above(session: db.Session) -> None:
    names = session.scalars(
        text("""SELECT conname FROM pg_constraint WHERE contype IN ('c', 'u', 'f') AND CAST(conrelid::regclass AS text)
                       = ANY(:tables)
                 UNION SELECT CAST(indexrelid::regclass AS text) FROM pg_index
                 WHERE indisunique AND NOT indisprimary AND CAST(indrelid::regclass AS text) = ANY(:tables)"""),
        {"tables": sorted(TABLES)},
    )
    assert set(names) == set(REFUSED) | TARGETS


def _refusal(session: db.Session, statement: str, ids: dict[str, Any]) -> str:
    """The name of the constraint that refuses the statement."""
    with pytest.raises(IntegrityError) as caught, session.begin_nested():
        session.execute(text(statement), ids)
    name: str = caught.value.orig.diag.constraint_name  # type: ignore[union-attr]
    return name
