"""What somebody with the database's password might do to a book, and how both verifiers must name it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tampering:
    """`what` in the row `where` (with the book's names), and in `file` of an export of it."""

    what: str
    where: str
    file: str
    statements: tuple[str, ...]


def tampering(what: str, where: str, file: str, *statements: str) -> Tampering:
    return Tampering(what, where, file, statements)


def moved_everywhere(wallet: str, sign: str) -> tuple[str, ...]:
    """One minor unit more or less in the first transaction, and in every balance after it: the tables agree again."""
    return (
        f"""UPDATE entries SET balance_after_minor = balance_after_minor {sign} 1 WHERE group_id = :group
               AND wallet_id = :{wallet} AND wallet_version >= (
                   SELECT wallet_version FROM entries WHERE transaction_id = :first AND wallet_id = :{wallet})""",
        f"""UPDATE entries SET amount_minor = amount_minor {sign} 1
             WHERE transaction_id = :first AND wallet_id = :{wallet}""",
        f"UPDATE wallets SET balance_minor = balance_minor {sign} 1 WHERE id = :{wallet}",
    )


# The chain from a line on, computed anew by somebody who knows how: whole again, and another one.
REHASHED = """
    DO $$ DECLARE
        line audit_log;
        before bytea;
    BEGIN
        FOR line IN SELECT * FROM audit_log WHERE group_id = :group ORDER BY seq LOOP
            UPDATE audit_log a SET previous_hash = coalesce(before, ''),
                   hash = sha256(coalesce(before, '') || convert_to(audit_line(
                       a.group_id, a.seq, a.at, a.actor_id, a.action, a.data, a.channel, a.message_id), 'UTF8'))
             WHERE a.group_id = :group AND a.seq = line.seq RETURNING a.hash INTO before;
        END LOOP;
    END $$"""
# A posting's line as it was before migration 0010, where it did not say whose money it was, nor by which vote.
SHORTENED = r"""
    UPDATE audit_log a SET data = regexp_replace(data, '"member".*("currency":"[A-Z]+"),.*,("receipt".*)', '\1,\2')
     WHERE group_id = :group AND data LIKE '%"amount":%"receipt":%"entries":%'"""
SAVINGS_ENTRY = "WHERE transaction_id = :first AND wallet_id = :savings"
LAST_LINE = "WHERE group_id = :group AND seq = :head"
HELD_CASH = "WHERE transaction_id = :held AND wallet_id = :cash"

TAMPERINGS = {
    "an amount": tampering(
        "entry_balance",
        "entry of wallet {savings}, version 1",
        "entries.csv",
        f"UPDATE entries SET amount_minor = amount_minor + 1 {SAVINGS_ENTRY}",
    ),
    "an absurd amount": tampering(
        "unbalanced",
        "transaction {first}",
        "transactions.csv",
        f"UPDATE entries SET amount_minor = 9223372036854775807 {SAVINGS_ENTRY}",
    ),
    "a balance": tampering(
        "entry_balance",
        "entry of wallet {savings}, version 1",
        "entries.csv",
        f"UPDATE entries SET balance_after_minor = balance_after_minor + 1 {SAVINGS_ENTRY}",
    ),
    "an amount with all that follows from it": tampering(
        "posting_line",
        "transaction {first}",
        "receipts.csv",
        *moved_everywhere("savings", "+"),
        *moved_everywhere("cash", "-"),
    ),
    "an entry taken out": tampering(
        "entry_gap", "entry of wallet {savings}, version 2", "entries.csv", f"DELETE FROM entries {SAVINGS_ENTRY}"
    ),
    "two entries swapped": tampering(
        "posting_line",
        "transaction {first}",
        "receipts.csv",
        "UPDATE entries SET wallet_id = -1 WHERE transaction_id = :first AND wallet_id = :savings",
        "UPDATE entries SET wallet_id = :savings WHERE transaction_id = :first AND wallet_id = :cash",
        "UPDATE entries SET wallet_id = :cash WHERE transaction_id = :first AND wallet_id = -1",
    ),
    "an entry of another day": tampering(
        "posting_time",
        "transaction {first}",
        "receipts.csv",
        f"UPDATE entries SET created_at = created_at - interval '1 day' {SAVINGS_ENTRY}",
    ),
    "a posting taken out of all tables": tampering(
        "line_without_receipt",
        "audit line {head}",
        "audit.csv",
        """UPDATE wallets w SET version = w.version - 1, balance_minor = w.balance_minor - e.amount_minor
             FROM entries e WHERE e.transaction_id = :last AND e.wallet_id = w.id""",
        "DELETE FROM entries WHERE transaction_id = :last",
        "DELETE FROM receipts WHERE transaction_id = :last",
        "DELETE FROM transactions WHERE id = :last",
    ),
    "a transaction taken out": tampering(
        "transaction_missing",
        "transaction {last}",
        "transactions.csv",
        "DELETE FROM transactions WHERE id = :last",
    ),
    "a posting without entries": tampering(
        "entries_missing",
        "transaction {last}",
        "transactions.csv",
        "DELETE FROM entries WHERE transaction_id = :last",
    ),
    "a posting undone by its state": tampering(
        "entries_unexpected",
        "transaction {first}",
        "transactions.csv",
        "UPDATE transactions SET state = 'failed', completed_at = NULL WHERE id = :first",
    ),
    "a wish declared failed": tampering(
        "ending_line",
        "transaction {open}",
        "transactions.csv",
        "UPDATE transactions SET state = 'failed' WHERE id = :open",
    ),
    "an expired wish revived": tampering(
        "ending_line",
        "transaction {lapsed}",
        "transactions.csv",
        "UPDATE transactions SET state = 'pending' WHERE id = :lapsed",
    ),
    "another kind of movement": tampering(
        "posting_kind",
        "transaction {first}",
        "receipts.csv",
        "UPDATE transactions SET kind = 'cash_in' WHERE id = :first",
    ),
    "a reversed transaction declared valid": tampering(
        "reversal",
        "transaction {mistake}",
        "transactions.csv",
        "UPDATE transactions SET state = 'completed' WHERE id = :mistake",
    ),
    "a reversal of something else": tampering(
        "reversal",
        "transaction {first}",
        "transactions.csv",
        "UPDATE transactions SET reverses_id = :first WHERE id = :reversal",
    ),
    "a wallet's balance": tampering(
        "wallet_balance",
        "wallet {savings}",
        "wallets.csv",
        "UPDATE wallets SET balance_minor = balance_minor + 1 WHERE id = :savings",
    ),
    "a wallet's version": tampering(
        "wallet_version",
        "wallet {savings}",
        "wallets.csv",
        "UPDATE wallets SET version = version + 1 WHERE id = :savings",
    ),
    "a wallet taken out": tampering(
        "wallet_missing", "wallet {savings}", "wallets.csv", "DELETE FROM wallets WHERE id = :savings"
    ),
    "savings given to another member": tampering(
        "wallet_opened",
        "wallet {savings}",
        "wallets.csv",
        "UPDATE wallets SET user_id = -1 WHERE id = :savings",
        "UPDATE wallets SET user_id = :ama WHERE id = :others",
        "UPDATE wallets SET user_id = :baraka WHERE id = :savings",
    ),
    "a wallet's kind": tampering(
        "wallet_opened",
        "wallet {empty}",
        "wallets.csv",
        "UPDATE wallets SET kind = 'cash', provider = 'safe' WHERE id = :empty",
    ),
    "a place of cash": tampering(
        "wallet_opened", "wallet {cash}", "wallets.csv", "UPDATE wallets SET provider = 'pocket' WHERE id = :cash"
    ),
    "a wallet that nobody opened": tampering(
        "wallet_opened",
        "audit line {opening}",
        "audit.csv",
        "DELETE FROM wallets WHERE id = :empty",
    ),
    "a receipt's number": tampering(
        "receipt_gap",
        "receipt 1{receipts}",
        "receipts.csv",
        "UPDATE receipts SET number = number + 100 WHERE group_id = :group AND number = :receipts",
    ),
    "two receipts' numbers": tampering(
        "posting_line",
        "transaction {last}",
        "receipts.csv",
        "UPDATE receipts SET number = 0 WHERE transaction_id = :last",
        "UPDATE receipts SET number = :receipts WHERE transaction_id = :tail",
        "UPDATE receipts SET number = :receipts - 1 WHERE transaction_id = :last",
    ),
    "a receipt taken out": tampering(
        "receipt_missing",
        "transaction {last}",
        "transactions.csv",
        "DELETE FROM receipts WHERE transaction_id = :last",
    ),
    "a receipt of another line": tampering(
        "receipt_line",
        "transaction {last}",
        "receipts.csv",
        "UPDATE receipts SET seq = 1000000 WHERE transaction_id = :last",
    ),
    "a reservation dropped": tampering(
        "wallet_reserved", "wallet {cash}", "wallets.csv", f"DELETE FROM reservations {HELD_CASH}"
    ),
    "a reservation dropped, and the wallet's sum": tampering(
        "reservation_line",
        "reservation of transaction {held} on wallet {cash}",
        "reservations.csv",
        f"DELETE FROM reservations {HELD_CASH}",
        "UPDATE wallets SET reserved_minor = reserved_minor - 20000 WHERE id = :cash",
    ),
    "a settled reservation dropped": tampering(
        "reservation_line",
        "reservation of transaction {sent} on wallet {cash}",
        "reservations.csv",
        "DELETE FROM reservations WHERE transaction_id = :sent AND wallet_id = :cash",
    ),
    "a smaller reservation": tampering(
        "reservation_line",
        "reservation of transaction {held} on wallet {cash}",
        "reservations.csv",
        f"UPDATE reservations SET amount_minor = amount_minor - 1 {HELD_CASH}",
        "UPDATE wallets SET reserved_minor = reserved_minor - 1 WHERE id = :cash",
    ),
    "a released reservation's amount": tampering(
        "reservation_line",
        "reservation of transaction {failed} on wallet {cash}",
        "reservations.csv",
        "UPDATE reservations SET amount_minor = 1 WHERE transaction_id = :failed AND wallet_id = :cash",
    ),
    "a reservation settled without its posting": tampering(
        "reservation_state",
        "reservation of transaction {held} on wallet {cash}",
        "reservations.csv",
        f"UPDATE reservations SET state = 'settled', ended_at = created_at {HELD_CASH}",
    ),
    "a reservation that nobody made": tampering(
        "reservation_line",
        "reservation of transaction {open} on wallet {cash}",
        "reservations.csv",
        """INSERT INTO reservations (group_id, transaction_id, wallet_id, amount_minor, created_at)
           VALUES (:group, :open, :cash, 5, now())""",
        "UPDATE wallets SET reserved_minor = reserved_minor + 5 WHERE id = :cash",
        "UPDATE transactions SET has_reservations = true WHERE id = :open",
    ),
    "a line's words": tampering(
        "line_hash",
        "audit line {head}",
        "audit.csv",
        f"UPDATE audit_log SET channel = 'whatsapp' {LAST_LINE}",
    ),
    "a line made unreadable": tampering(
        "line_hash",
        "audit line {head}",
        "audit.csv",
        f"""UPDATE audit_log SET data = 'x"receipt":"entries":"released":[[1,2]]' {LAST_LINE}""",
    ),
    "a line's hash": tampering(
        "line_hash", "audit line {head}", "audit.csv", f"UPDATE audit_log SET hash = sha256('x') {LAST_LINE}"
    ),
    "two lines swapped": tampering(
        "line_link",
        "audit line {head}",
        "audit.csv",
        f"UPDATE audit_log SET seq = 0 {LAST_LINE}",
        "UPDATE audit_log SET seq = :head WHERE group_id = :group AND seq = :head - 1",
        "UPDATE audit_log SET seq = :head - 1 WHERE group_id = :group AND seq = 0",
    ),
    "a line taken out": tampering(
        "line_gap",
        "audit line {head}",
        "audit.csv",
        "DELETE FROM audit_log WHERE group_id = :group AND seq = :head - 1",
    ),
    "a line added": tampering(
        "ending_line",
        "transaction {open}",
        "transactions.csv",
        """INSERT INTO audit_log (group_id, seq, at, action, data, channel, previous_hash, hash)
           SELECT group_id, seq + 1, at, 'contribution_failed', '{"transaction":' || :open || ',"reason":""}',
                  channel, hash, '' FROM audit_log WHERE group_id = :group
            ORDER BY seq DESC LIMIT 1""",
        REHASHED,
    ),
    "a transaction's member": tampering(
        "posting_line",
        "transaction {first}",
        "receipts.csv",
        "UPDATE transactions SET user_id = :baraka WHERE id = :first",
    ),
    "a transaction's amount": tampering(
        "posting_line",
        "transaction {dear}",
        "receipts.csv",
        "UPDATE transactions SET amount_minor = amount_minor + 1 WHERE id = :dear",
    ),
    "a transaction's reason": tampering(
        "posting_line",
        "transaction {reversal}",
        "receipts.csv",
        "UPDATE transactions SET reason = 'a misunderstanding' WHERE id = :reversal",
    ),
    "a reason where there was none": tampering(
        "posting_line",
        "transaction {first}",
        "receipts.csv",
        "UPDATE transactions SET reason = 'because' WHERE id = :first",
    ),
    "the vote taken off a withdrawal": tampering(
        "not_voted",
        "transaction {sent}",
        "transactions.csv",
        "UPDATE transactions SET approval_id = NULL WHERE id = :sent",
    ),
    "a withdrawal by a vote that failed": tampering(
        "not_voted",
        "transaction {sent}",
        "transactions.csv",
        "UPDATE transactions SET approval_id = :failed_vote WHERE id = :sent",
    ),
    "a withdrawal by a vote about another member": tampering(
        "not_voted",
        "transaction {sent}",
        "transactions.csv",
        "UPDATE approvals SET user_id = :baraka WHERE id = :sent_vote",
    ),
    "two withdrawals by one vote": tampering(
        "not_voted",
        "transaction {held}",
        "transactions.csv",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "DROP INDEX uq_transactions_approval",
        """UPDATE transactions h SET approval_id = s.approval_id, state = 'completed', user_id = s.user_id,
                  completed_at = s.completed_at, amount_minor = s.amount_minor
             FROM transactions s WHERE h.id = :held AND s.id = :sent""",
        """INSERT INTO receipts (group_id, number, transaction_id, seq, issued_at)
           VALUES (:group, :receipts + 1, :held, :head, now())""",
    ),
    # Short lines are good for books of before there were votes; nobody writes one later, with a whole chain.
    "a withdrawal in a line as of before there were votes": tampering(
        "not_voted",
        "transaction {sent}",
        "transactions.csv",
        "UPDATE transactions SET approval_id = NULL WHERE id = :sent",
        f"""{SHORTENED} AND a.seq = (SELECT seq FROM receipts WHERE transaction_id = :sent)""",
        REHASHED,
    ),
    "the payment taken off what went back": tampering(
        "not_paid_in",
        "transaction {chargeback}",
        "transactions.csv",
        "UPDATE transactions SET returns_id = NULL WHERE id = :chargeback",
        """UPDATE audit_log SET data = regexp_replace(data, ',"returns":[0-9]+', '')
            WHERE group_id = :group AND action = 'chargeback'""",
        REHASHED,
    ),
    "a refund of another member's payment": tampering(
        "not_paid_in",
        "transaction {refund}",
        "transactions.csv",
        "UPDATE transactions SET returns_id = :dear WHERE id = :refund",
    ),
    "a refund of what is no payment": tampering(
        "not_paid_in",
        "transaction {refund}",
        "transactions.csv",
        "UPDATE transactions SET returns_id = :sent WHERE id = :refund",
    ),
    "a refund of more than was paid": tampering(
        "not_paid_in",
        "transaction {refund}",
        "transactions.csv",
        "UPDATE transactions SET amount_minor = 500001 WHERE id = :refund",
    ),
    "a payment given back twice": tampering(
        "not_paid_in",
        "transaction {chargeback}",
        "transactions.csv",
        "UPDATE transactions SET amount_minor = 500000 - 9999 WHERE id = :chargeback",
    ),
    "a refund out of another member's savings": tampering(
        "not_paid_in",
        "transaction {refund}",
        "transactions.csv",
        "UPDATE entries SET wallet_id = :others WHERE transaction_id = :refund AND wallet_id = :savings",
    ),
    "which payment went back": tampering(
        "posting_line",
        "transaction {refund}",
        "receipts.csv",
        "UPDATE transactions SET returns_id = :tail WHERE id = :refund",
    ),
    "a vote": tampering(
        "vote_line",
        "vote of member {baraka} about approval {sent_vote}",
        "votes.csv",
        "UPDATE votes SET choice = 'no' WHERE approval_id = :sent_vote AND user_id = :baraka",
    ),
    "a vote that nobody cast": tampering(
        "vote_line",
        "vote of member {baraka} about approval {open_vote}",
        "votes.csv",
        """UPDATE votes SET choice = 'yes', voted_at = now(), channel = 'sms'
            WHERE approval_id = :open_vote AND user_id = :baraka""",
        "UPDATE approvals SET yes = 2, state = 'passed', decided_at = now() WHERE id = :open_vote",
    ),
    "a vote forgotten": tampering(
        "vote_line",
        "vote of member {baraka} about approval {failed_vote}",
        "audit.csv",
        """UPDATE votes SET choice = NULL, voted_at = NULL, channel = NULL
            WHERE approval_id = :failed_vote AND user_id = :baraka""",
        "UPDATE approvals SET no = 0 WHERE id = :failed_vote",
    ),
    "a vote in its line": tampering(
        "vote_line",
        "vote of member {baraka} about approval {failed_vote}",
        "votes.csv",
        """UPDATE audit_log SET data = replace(data, '"choice":"no"', '"choice":"yes"')
            WHERE group_id = :group AND action = 'voted' AND data LIKE '{"approval":' || :failed_vote || ',%'""",
        REHASHED,
    ),
    "a vote by somebody else's phone": tampering(
        "vote_line",
        "vote of member {baraka} about approval {failed_vote}",
        "votes.csv",
        """UPDATE audit_log SET actor_id = :ama
            WHERE group_id = :group AND action = 'voted' AND data LIKE '{"approval":' || :failed_vote || ',%'""",
        REHASHED,
    ),
    "a tally": tampering(
        "approval_tally",
        "approval {open_vote}",
        "approvals.csv",
        "UPDATE approvals SET yes = 0 WHERE id = :open_vote",
    ),
    "a vote that passed without votes": tampering(
        "approval_passed",
        "approval {open_vote}",
        "approvals.csv",
        "UPDATE approvals SET yes = 2, state = 'passed', decided_at = now() WHERE id = :open_vote",
    ),
    "a vote declared passed, with a line": tampering(
        "approval_passed",
        "approval {sent_vote}",
        "approvals.csv",
        "UPDATE votes SET choice = NULL, voted_at = NULL WHERE approval_id = :sent_vote AND user_id = :baraka",
        """DELETE FROM audit_log WHERE group_id = :group AND action = 'voted' AND actor_id = :baraka
              AND data LIKE '{"approval":' || :sent_vote || ',%'""",
    ),
    "a failed vote opened again": tampering(
        "approval_line",
        "approval {failed_vote}",
        "audit.csv",
        "UPDATE approvals SET state = 'open', decided_at = NULL WHERE id = :failed_vote",
    ),
    "the amount that was voted about": tampering(
        "approval_line",
        "approval {sent_vote}",
        "approvals.csv",
        "UPDATE approvals SET amount_minor = amount_minor + 1 WHERE id = :sent_vote",
    ),
    "where the money was to go": tampering(
        "approval_line",
        "approval {open_vote}",
        "approvals.csv",
        "UPDATE approvals SET destination = 'account:8' WHERE id = :open_vote",
    ),
    "the text that was voted about": tampering(
        "approval_line",
        "approval {open_vote}",
        "approvals.csv",
        "UPDATE approvals SET facts_hash = sha256('x') WHERE id = :open_vote",
    ),
    "why a vote ended": tampering(
        "approval_line",
        "approval {withdrawn_vote}",
        "approvals.csv",
        "UPDATE approvals SET ended_why = NULL WHERE id = :withdrawn_vote",
    ),
    "somebody added to an electorate": tampering(
        "approval_line",
        "approval {failed_vote}",
        "approvals.csv",
        "INSERT INTO votes (group_id, approval_id, user_id) VALUES (:group, :failed_vote, :chidi)",
        "UPDATE approvals SET eligible = eligible + 1 WHERE id = :failed_vote",
    ),
    "a vote taken out": tampering(
        "approval_missing",
        "approval {sent_vote}",
        "approvals.csv",
        "DELETE FROM approvals WHERE id = :sent_vote",
    ),
    "a vote taken out with those who voted": tampering(
        "approval_line",
        "approval {failed_vote}",
        "audit.csv",
        "DELETE FROM votes WHERE approval_id = :failed_vote",
        "DELETE FROM approvals WHERE id = :failed_vote",
    ),
    "a line that a vote passed": tampering(
        "approval_line",
        "approval {open_vote}",
        "audit.csv",
        """INSERT INTO audit_log (group_id, seq, at, action, data, channel, previous_hash, hash)
           SELECT group_id, seq + 1, at, 'vote_passed', '{"approval":' || :open_vote || ',"why":' || 'null}',
                  channel, hash, '' FROM audit_log WHERE group_id = :group
            ORDER BY seq DESC LIMIT 1""",
        REHASHED,
    ),
}

# Everything agrees afterwards, with the chain computed anew: nothing but an old seal can show it.
REHASHED_TAIL = (
    *moved_everywhere("savings", "+"),
    *moved_everywhere("cash", "-"),
    """UPDATE audit_log a SET data = regexp_replace(data, '"entries".*', '') || '"entries":['
              || (SELECT string_agg('[' || wallet_id || ',' || amount_minor || ']', ',' ORDER BY wallet_id)
                    FROM entries WHERE transaction_id = :first) || ']}'
         FROM receipts r WHERE r.transaction_id = :first AND a.group_id = r.group_id AND a.seq = r.seq""",
    REHASHED,
)

# A book from before there were votes: nothing of its lines says by which vote, and nothing in it asks for one. Or only
# a part of it: the migration came after a few lines.
BEFORE_VOTES = {
    "from before": (SHORTENED, "UPDATE transactions SET approval_id = NULL WHERE group_id = :group", REHASHED),
    "begun before": (f"{SHORTENED} AND a.seq <= (SELECT seq FROM receipts WHERE transaction_id = :dear)", REHASHED),
}
