"""The ledger's rules, held by the database itself: append-only, zero-sum, legal states, one posting function.

Why: the application may have bugs and the operator may have a console; the books must not depend on either. One
function call per posting is also one round trip, and the group's lock inside it orders the group's audit chain.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'GW001';
END $$;

CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE ON entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entries_no_truncate BEFORE TRUNCATE ON entries EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log EXECUTE FUNCTION refuse_change();
CREATE TRIGGER receipts_append_only BEFORE UPDATE OR DELETE ON receipts
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER receipts_no_truncate BEFORE TRUNCATE ON receipts EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transactions_no_delete BEFORE DELETE ON transactions
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

ZERO_SUM = """
CREATE FUNCTION check_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Every entry of a transaction has the transaction's currency (foreign key), so one sum is enough.
    IF (SELECT sum(amount_minor) FROM entries WHERE transaction_id = NEW.transaction_id) <> 0 THEN
        RAISE EXCEPTION 'the entries of transaction % do not add up to zero', NEW.transaction_id
            USING ERRCODE = 'GW002';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER entries_sum_to_zero AFTER INSERT ON entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_zero_sum();

CREATE FUNCTION check_has_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM entries WHERE transaction_id = NEW.id) THEN
        RAISE EXCEPTION 'transaction % is completed without entries', NEW.id USING ERRCODE = 'GW002';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER transactions_have_entries AFTER UPDATE OF state ON transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state = 'completed') EXECUTE FUNCTION check_has_entries();
"""

STATES = """
CREATE FUNCTION check_transaction_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.group_id, NEW.user_id, NEW.kind, NEW.currency, NEW.amount_minor, NEW.idempotency_key,
        NEW.created_at)
       IS DISTINCT FROM (OLD.id, OLD.group_id, OLD.user_id, OLD.kind, OLD.currency, OLD.amount_minor,
        OLD.idempotency_key, OLD.created_at) THEN
        RAISE EXCEPTION 'transaction %: what it says cannot be changed', OLD.id USING ERRCODE = 'GW001';
    END IF;
    IF NEW.state <> OLD.state AND NOT (
        (OLD.state = 'pending' AND NEW.state IN ('processing', 'completed', 'failed', 'cancelled', 'expired'))
        OR (OLD.state = 'processing' AND NEW.state IN ('completed', 'failed', 'cancelled', 'expired'))
        OR (OLD.state = 'completed' AND NEW.state = 'reversed')) THEN
        RAISE EXCEPTION 'transaction %: % cannot become %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'GW003';
    END IF;
    IF OLD.state NOT IN ('pending', 'processing') AND (NEW.content, NEW.completed_at, NEW.channel, NEW.message_id,
        NEW.failure) IS DISTINCT FROM (OLD.content, OLD.completed_at, OLD.channel, OLD.message_id, OLD.failure) THEN
        RAISE EXCEPTION 'transaction %: how it ended cannot be changed', OLD.id USING ERRCODE = 'GW001';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_transaction_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'pending' THEN
        RAISE EXCEPTION 'a transaction begins as pending, not %', NEW.state USING ERRCODE = 'GW003';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER transactions_birth BEFORE INSERT ON transactions
    FOR EACH ROW EXECUTE FUNCTION check_transaction_birth();
CREATE TRIGGER transactions_states BEFORE UPDATE ON transactions
    FOR EACH ROW EXECUTE FUNCTION check_transaction_change();
"""

AUDIT = """
-- What an audit row's hash covers, as text, so that anybody can compute it again with any SHA-256.
CREATE FUNCTION audit_line(p_group bigint, p_seq bigint, p_at timestamptz, p_actor bigint, p_action text,
                           p_data text, p_channel text, p_message text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(E'\\n', p_group, p_seq, to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                     coalesce(p_actor::text, ''), p_action, p_data, p_channel, coalesce(p_message, ''))
$$;

CREATE FUNCTION audit_append(p_group bigint, p_at timestamptz, p_actor bigint, p_action text, p_data text,
                             p_channel text, p_message text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    v_seq bigint;
    v_previous bytea;
    v_hash bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(p_group);
    SELECT seq, hash INTO v_seq, v_previous FROM audit_log WHERE group_id = p_group ORDER BY seq DESC LIMIT 1;
    v_seq := coalesce(v_seq, 0) + 1;
    v_previous := coalesce(v_previous, '\\x'::bytea);
    v_hash := sha256(v_previous || convert_to(
        audit_line(p_group, v_seq, p_at, p_actor, p_action, p_data, p_channel, p_message), 'UTF8'));
    INSERT INTO audit_log (group_id, seq, at, actor_id, action, data, channel, message_id, previous_hash, hash)
    VALUES (p_group, v_seq, p_at, p_actor, p_action, p_data, p_channel, p_message, v_previous, v_hash);
    RETURN v_hash;
END $$;
"""

POSTING = """
-- Posts the legs of an open transaction: balances, entries, receipt and audit row, or nothing at all.
-- Leg i moves p_amounts[i] (credit positive) on the wallet (p_kinds[i], p_users[i] or NULL, p_providers[i] or '').
-- GW002 unbalanced, GW003 already ended, GW004 same transaction with other content, GW005 unknown wallet;
-- a leg that leaves its wallet on the wrong side of zero raises check_violation (ck_wallets_balance_side).
CREATE FUNCTION post_transaction(p_transaction bigint, p_at timestamptz, p_actor bigint, p_channel text,
                                 p_message text, p_kinds text[], p_users bigint[], p_providers text[],
                                 p_amounts bigint[])
RETURNS TABLE (receipt_number integer, replayed boolean) LANGUAGE plpgsql AS $$
DECLARE
    v_tx transactions;
    v_content bytea;
    v_wallet wallets;
    v_number integer;
    v_lines text := '';
BEGIN
    SELECT * INTO v_tx FROM transactions WHERE id = p_transaction;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no transaction %', p_transaction USING ERRCODE = 'GW005';
    END IF;
    PERFORM pg_advisory_xact_lock(v_tx.group_id);
    IF cardinality(p_amounts) < 2 OR (SELECT sum(a) FROM unnest(p_amounts) a) <> 0 THEN
        RAISE EXCEPTION 'the legs of transaction % do not add up to zero', p_transaction USING ERRCODE = 'GW002';
    END IF;
    v_content := sha256(convert_to(array_to_string(p_kinds, ',') || '|' || array_to_string(p_users, ',', '-') || '|'
        || array_to_string(p_providers, ',') || '|' || array_to_string(p_amounts, ','), 'UTF8'));

    -- Found by its key alone and tested afterwards: with the states in the condition the planner may choose the index
    -- of open transactions, and read all of them.
    SELECT * INTO v_tx FROM transactions WHERE id = p_transaction FOR UPDATE;
    IF v_tx.state NOT IN ('pending', 'processing') THEN
        IF v_tx.content IS NULL THEN
            RAISE EXCEPTION 'transaction % is already %', p_transaction, v_tx.state USING ERRCODE = 'GW003';
        ELSIF v_tx.content <> v_content THEN
            RAISE EXCEPTION 'transaction % was posted with other legs', p_transaction USING ERRCODE = 'GW004';
        END IF;
        RETURN QUERY SELECT number, true FROM receipts WHERE transaction_id = p_transaction;
        RETURN;
    END IF;

    UPDATE transactions SET state = 'completed', completed_at = p_at, content = v_content WHERE id = p_transaction;

    FOR i IN 1 .. cardinality(p_amounts) LOOP
        IF p_users[i] IS NULL THEN
            SELECT id INTO v_wallet.id FROM wallets WHERE group_id = v_tx.group_id AND kind = p_kinds[i]
               AND user_id IS NULL AND provider = p_providers[i] AND currency = v_tx.currency;
            IF v_wallet.id IS NULL AND p_kinds[i] = 'cash' THEN
                -- The first money that arrives through a provider opens the group's cash there.
                INSERT INTO wallets (group_id, kind, provider, currency)
                VALUES (v_tx.group_id, 'cash', p_providers[i], v_tx.currency) RETURNING id INTO v_wallet.id;
            END IF;
        ELSE
            SELECT id INTO v_wallet.id FROM wallets WHERE group_id = v_tx.group_id AND kind = p_kinds[i]
               AND user_id = p_users[i] AND provider = p_providers[i] AND currency = v_tx.currency;
        END IF;
        UPDATE wallets SET balance_minor = balance_minor + p_amounts[i], version = version + 1
         WHERE id = v_wallet.id RETURNING * INTO v_wallet;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'group % has no % wallet % % in %', v_tx.group_id, p_kinds[i], p_users[i], p_providers[i],
                v_tx.currency USING ERRCODE = 'GW005';
        END IF;
        INSERT INTO entries (group_id, transaction_id, wallet_id, currency, amount_minor, balance_after_minor,
                             wallet_version, created_at)
        VALUES (v_tx.group_id, p_transaction, v_wallet.id, v_tx.currency, p_amounts[i], v_wallet.balance_minor,
                v_wallet.version, p_at);
        v_lines := v_lines || ',[' || v_wallet.id || ',' || p_amounts[i] || ']';
    END LOOP;

    SELECT coalesce(max(number), 0) + 1 INTO v_number FROM receipts WHERE group_id = v_tx.group_id;
    INSERT INTO receipts (group_id, number, transaction_id, issued_at)
    VALUES (v_tx.group_id, v_number, p_transaction, p_at);
    PERFORM audit_append(v_tx.group_id, p_at, p_actor, v_tx.kind,
        '{"transaction":' || p_transaction || ',"currency":"' || v_tx.currency || '","receipt":' || v_number
        || ',"entries":[' || substr(v_lines, 2) || ']}', p_channel, p_message);
    RETURN QUERY SELECT v_number, false;
END $$;
"""


def upgrade() -> None:
    for statement in (APPEND_ONLY, ZERO_SUM, STATES, AUDIT, POSTING):
        op.execute(statement)
