-- Postings as in 0010. Of a refund and a chargeback the legs are compared with the payment that they give back, before
-- anything moves, and their line of the chain names it; nothing changes for any other line.

DROP FUNCTION record_transaction;

CREATE OR REPLACE FUNCTION book_legs(t transactions, p_at timestamptz, p_actor bigint, p_channel text, p_message text,
                                     p_kinds text[], p_owners bigint[], p_providers text[], p_amounts bigint[],
                                     OUT receipt integer, OUT line bigint, OUT seal bytea)
LANGUAGE plpgsql AS $$
DECLARE
    v_moved text;
    v_count integer;
    v_at timestamptz;
BEGIN
    -- The clocks of two machines differ; a book's time never runs backwards.
    v_at := greatest(p_at, (SELECT at FROM audit_log WHERE group_id = t.group_id ORDER BY seq DESC LIMIT 1));
    IF (SELECT count(*) < 2 OR sum(a) <> 0 FROM unnest(p_amounts) a) THEN
        RAISE EXCEPTION 'the legs of transaction % do not add up to zero', t.id USING ERRCODE = 'GW002';
    END IF;
    IF t.kind IN ('refund', 'chargeback') THEN
        PERFORM check_return_legs(t, p_kinds, p_owners, p_providers, p_amounts);
        IF (SELECT sum(amount) FROM unnest(p_kinds, p_amounts) AS l (kind, amount)
             WHERE kind IN ('cash', 'fee_expense')) IS DISTINCT FROM t.amount_minor THEN
            RAISE EXCEPTION 'not the amount of transaction % goes back', t.id USING ERRCODE = 'GW009';
        END IF;
    END IF;
    FOR attempt IN 1 .. 2 LOOP
        -- All or none: with a wallet missing, nothing is moved yet, and the missing ones are opened first.
        WITH leg AS (
            SELECT w.id, l.amount
              FROM unnest(p_kinds, p_owners, p_providers, p_amounts) AS l (kind, owner, provider, amount)
              JOIN wallets w ON w.group_id = t.group_id AND w.kind = l.kind AND w.owner_id = l.owner
                            AND w.provider = l.provider),
        moved AS (
            UPDATE wallets w SET balance_minor = w.balance_minor + leg.amount, version = w.version + 1
              FROM leg WHERE w.id = leg.id AND (SELECT count(*) FROM leg) = cardinality(p_amounts)
            RETURNING w.id, leg.amount, w.balance_minor, w.version),
        written AS (
            INSERT INTO entries (group_id, transaction_id, wallet_id, amount_minor, balance_after_minor,
                                 wallet_version, created_at)
            SELECT t.group_id, t.id, id, amount, balance_minor, version, v_at FROM moved)
        SELECT string_agg('[' || id || ',' || amount || ']', ',' ORDER BY id), count(*) INTO v_moved, v_count
          FROM moved;
        EXIT WHEN v_count = cardinality(p_amounts);
        PERFORM open_missing_wallets(t.group_id, v_at, p_actor, p_channel, p_message, p_kinds, p_owners, p_providers);
    END LOOP;
    SELECT coalesce(max(number), 0) + 1 INTO receipt FROM receipts WHERE group_id = t.group_id;
    SELECT a.seq, a.hash INTO line, seal FROM audit_append(t.group_id, v_at, p_actor, t.kind,
        '{"transaction":' || t.id || ',"member":' || coalesce(t.user_id::text, 'null') || ',"amount":' || t.amount_minor
        || ',"currency":"' || t.currency || '","approval":' || coalesce(t.approval_id::text, 'null') || ',"reason":'
        || coalesce('"' || encode(sha256(convert_to(t.reason, 'UTF8')), 'hex') || '"', 'null')
        || coalesce(',"returns":' || t.returns_id, '') || ',"receipt":' || receipt
        || ',"entries":[' || v_moved || ']}', p_channel, p_message) a;
    INSERT INTO receipts (group_id, number, transaction_id, seq, issued_at)
    VALUES (t.group_id, receipt, t.id, line, v_at);
END $$;

-- Writes down a movement that needs no waiting: transaction and legs in one go. The key makes it happen once.
CREATE FUNCTION record_transaction(p_group bigint, p_user bigint, p_kind text, p_currency text, p_amount bigint,
                                   p_key text, p_reason text, p_reverses bigint, p_approval bigint,
                                   p_returns bigint, p_at timestamptz, p_actor bigint, p_channel text,
                                   p_message text, p_kinds text[], p_owners bigint[], p_providers text[],
                                   p_amounts bigint[], OUT transaction bigint, OUT receipt integer, OUT line bigint,
                                   OUT seal bytea, OUT replayed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_content bytea := legs_content(p_kinds, p_owners, p_providers, p_amounts);
    v_known transactions;
    v_new transactions;
BEGIN
    PERFORM pg_advisory_xact_lock(p_group);
    INSERT INTO transactions AS t (group_id, user_id, kind, state, currency, amount_minor, idempotency_key, content,
                                   channel, message_id, created_at, completed_at, reason, reverses_id, approval_id,
                                   returns_id)
    VALUES (p_group, p_user, p_kind, 'completed', p_currency, p_amount, p_key, v_content, p_channel, p_message, p_at,
            p_at, p_reason, p_reverses, p_approval, p_returns)
    ON CONFLICT (group_id, idempotency_key) DO NOTHING RETURNING t.* INTO v_new;
    replayed := NOT FOUND;
    IF replayed THEN
        SELECT * INTO v_known FROM transactions t WHERE t.group_id = p_group AND t.idempotency_key = p_key;
        IF (v_known.user_id, v_known.kind, v_known.currency, v_known.amount_minor, v_known.reason, v_known.reverses_id,
            v_known.approval_id, v_known.returns_id)
           IS DISTINCT FROM (p_user, p_kind, p_currency, p_amount, p_reason, p_reverses, p_approval, p_returns) THEN
            RAISE EXCEPTION 'the key of transaction % stands for another one', v_known.id USING ERRCODE = 'GW004';
        END IF;
        transaction := v_known.id;
        SELECT r.receipt, r.line, r.seal INTO receipt, line, seal
          FROM replay_posting(p_group, transaction, v_content) r;
        RETURN;
    END IF;
    transaction := v_new.id;
    IF p_reverses IS NOT NULL THEN
        UPDATE transactions t SET state = 'reversed' WHERE t.group_id = p_group AND t.id = p_reverses;
    END IF;
    SELECT b.receipt, b.line, b.seal INTO receipt, line, seal
      FROM book_legs(v_new, p_at, p_actor, p_channel, p_message, p_kinds, p_owners, p_providers, p_amounts) b;
END $$;

REVOKE EXECUTE ON FUNCTION record_transaction FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_transaction TO groupwallet_app;
