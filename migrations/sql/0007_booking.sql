-- Postings: balances, entries, receipt and audit line in one call, or nothing at all.
--
-- Leg i moves p_amounts[i] (credit positive) on the group's wallet (p_kinds[i], p_owners[i] or 0, p_providers[i] or '').
-- Each wallet appears once, in the order in which `ledger.postings` sorts them: the same legs are the same content.
-- GW002 unbalanced · GW003 already ended · GW004 posted before with other content · GW005 unknown wallet or transaction;
-- a wallet that would be overdrawn raises check_violation (ck_wallets_balance_side, ck_wallets_available).

CREATE FUNCTION book_legs(p_group bigint, p_transaction bigint, p_kind text, p_currency text, p_at timestamptz,
                          p_actor bigint, p_channel text, p_message text, p_kinds text[], p_owners bigint[],
                          p_providers text[], p_amounts bigint[], OUT receipt integer, OUT line bigint, OUT seal bytea)
LANGUAGE plpgsql AS $$
DECLARE
    v_moved text;
    v_count integer;
    v_at timestamptz;
BEGIN
    -- The clocks of two machines differ; a book's time never runs backwards.
    v_at := greatest(p_at, (SELECT at FROM audit_log WHERE group_id = p_group ORDER BY seq DESC LIMIT 1));
    IF (SELECT count(*) < 2 OR sum(a) <> 0 FROM unnest(p_amounts) a) THEN
        RAISE EXCEPTION 'the legs of transaction % do not add up to zero', p_transaction USING ERRCODE = 'GW002';
    END IF;
    FOR attempt IN 1 .. 2 LOOP
        -- All or none: with a wallet missing, nothing is moved yet, and the missing ones are opened first.
        WITH leg AS (
            SELECT w.id, l.amount
              FROM unnest(p_kinds, p_owners, p_providers, p_amounts) AS l (kind, owner, provider, amount)
              JOIN wallets w ON w.group_id = p_group AND w.kind = l.kind AND w.owner_id = l.owner
                            AND w.provider = l.provider),
        moved AS (
            UPDATE wallets w SET balance_minor = w.balance_minor + leg.amount, version = w.version + 1
              FROM leg WHERE w.id = leg.id AND (SELECT count(*) FROM leg) = cardinality(p_amounts)
            RETURNING w.id, leg.amount, w.balance_minor, w.version),
        written AS (
            INSERT INTO entries (group_id, transaction_id, wallet_id, amount_minor, balance_after_minor,
                                 wallet_version, created_at)
            SELECT p_group, p_transaction, id, amount, balance_minor, version, v_at FROM moved)
        SELECT string_agg('[' || id || ',' || amount || ']', ',' ORDER BY id), count(*) INTO v_moved, v_count
          FROM moved;
        EXIT WHEN v_count = cardinality(p_amounts);
        PERFORM open_missing_wallets(p_group, v_at, p_actor, p_channel, p_message, p_kinds, p_owners, p_providers);
    END LOOP;
    SELECT coalesce(max(number), 0) + 1 INTO receipt FROM receipts WHERE group_id = p_group;
    SELECT a.seq, a.hash INTO line, seal FROM audit_append(p_group, v_at, p_actor, p_kind,
        '{"transaction":' || p_transaction || ',"currency":"' || p_currency || '","receipt":' || receipt
        || ',"entries":[' || v_moved || ']}', p_channel, p_message) a;
    INSERT INTO receipts (group_id, number, transaction_id, seq, issued_at)
    VALUES (p_group, receipt, p_transaction, line, v_at);
END $$;

-- The first money of a kind opens the group's wallet for it. Only joining a group opens somebody's savings, and only
-- who has savings can have a loan.
CREATE FUNCTION open_missing_wallets(p_group bigint, p_at timestamptz, p_actor bigint, p_channel text, p_message text,
                                     p_kinds text[], p_owners bigint[], p_providers text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. cardinality(p_kinds) LOOP
        CONTINUE WHEN EXISTS (SELECT FROM wallets WHERE group_id = p_group AND kind = p_kinds[i]
                                 AND owner_id = p_owners[i] AND provider = p_providers[i]);
        IF (p_kinds[i] = 'cash') <> (p_providers[i] <> '')
           OR p_kinds[i] NOT IN ('cash', 'fee_expense', 'expense', 'bad_debt', 'fee_income', 'interest_income',
                                 'penalty_income', 'social_fund', 'loan', 'interest_due', 'penalty_due', 'fee_due')
           OR (p_kinds[i] IN ('loan', 'interest_due', 'penalty_due', 'fee_due')) <> EXISTS (
               SELECT FROM wallets WHERE group_id = p_group AND kind = 'savings' AND owner_id = p_owners[i])
           OR (p_owners[i] <> 0 AND p_kinds[i] NOT IN ('loan', 'interest_due', 'penalty_due', 'fee_due')) THEN
            RAISE EXCEPTION 'group % has no % wallet of % at %', p_group, p_kinds[i], p_owners[i], p_providers[i]
                USING ERRCODE = 'GW005';
        END IF;
        PERFORM open_wallet(p_group, p_kinds[i], p_owners[i], p_providers[i], p_at, p_actor, p_channel, p_message);
    END LOOP;
END $$;

CREATE FUNCTION legs_content(p_kinds text[], p_owners bigint[], p_providers text[], p_amounts bigint[]) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(array_to_string(p_kinds, ',') || '|' || array_to_string(p_owners, ',') || '|'
        || array_to_string(p_providers, ',') || '|' || array_to_string(p_amounts, ','), 'UTF8'))
$$;

-- What a transaction that was posted before answers; GW003 for one that ended without money, GW004 for other legs.
CREATE FUNCTION replay_posting(p_group bigint, p_transaction bigint, p_content bytea, OUT receipt integer,
                               OUT line bigint, OUT seal bytea)
LANGUAGE plpgsql AS $$
DECLARE
    v_state text;
    v_content bytea;
BEGIN
    SELECT t.state, t.content INTO v_state, v_content FROM transactions t
     WHERE t.group_id = p_group AND t.id = p_transaction;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no transaction % in group %', p_transaction, p_group USING ERRCODE = 'GW005';
    ELSIF v_content IS NULL THEN
        RAISE EXCEPTION 'transaction % is already %', p_transaction, v_state USING ERRCODE = 'GW003';
    ELSIF v_content <> p_content THEN
        RAISE EXCEPTION 'transaction % was posted with other legs', p_transaction USING ERRCODE = 'GW004';
    END IF;
    SELECT r.number, r.seq, a.hash INTO receipt, line, seal
      FROM receipts r JOIN audit_log a ON a.group_id = r.group_id AND a.seq = r.seq
     WHERE r.group_id = p_group AND r.transaction_id = p_transaction;
END $$;

-- Completes an open transaction: what it had reserved is settled, then its legs are booked.
CREATE FUNCTION post_transaction(p_group bigint, p_transaction bigint, p_at timestamptz, p_actor bigint,
                                 p_channel text, p_message text, p_kinds text[], p_owners bigint[],
                                 p_providers text[], p_amounts bigint[],
                                 OUT receipt integer, OUT line bigint, OUT seal bytea, OUT replayed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_content bytea := legs_content(p_kinds, p_owners, p_providers, p_amounts);
    v_kind text;
    v_currency text;
    v_has_reservations boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(p_group);
    -- Found by its key alone and tested by CASE: with the states in a plain condition the planner may choose the index
    -- of open transactions, and read all of them.
    UPDATE transactions t SET state = 'completed', completed_at = p_at, content = v_content
     WHERE t.id = p_transaction AND t.group_id = p_group
       AND CASE t.state WHEN 'pending' THEN true WHEN 'processing' THEN true ELSE false END
    RETURNING t.kind, t.currency, t.has_reservations INTO v_kind, v_currency, v_has_reservations;
    replayed := NOT FOUND;
    IF replayed THEN
        SELECT r.receipt, r.line, r.seal INTO receipt, line, seal
          FROM replay_posting(p_group, p_transaction, v_content) r;
        RETURN;
    END IF;
    IF v_has_reservations THEN
        PERFORM end_reservations(p_group, p_transaction, 'settled', p_at);
    END IF;
    SELECT b.receipt, b.line, b.seal INTO receipt, line, seal
      FROM book_legs(p_group, p_transaction, v_kind, v_currency, p_at, p_actor, p_channel, p_message,
                     p_kinds, p_owners, p_providers, p_amounts) b;
END $$;

-- Writes down a movement that needs no waiting: transaction and legs in one go. The key makes it happen once.
CREATE FUNCTION record_transaction(p_group bigint, p_user bigint, p_kind text, p_currency text, p_amount bigint,
                                   p_key text, p_reason text, p_reverses bigint, p_at timestamptz, p_actor bigint,
                                   p_channel text, p_message text, p_kinds text[], p_owners bigint[],
                                   p_providers text[], p_amounts bigint[], OUT transaction bigint,
                                   OUT receipt integer, OUT line bigint, OUT seal bytea, OUT replayed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_content bytea := legs_content(p_kinds, p_owners, p_providers, p_amounts);
    v_known transactions;
BEGIN
    PERFORM pg_advisory_xact_lock(p_group);
    INSERT INTO transactions AS t (group_id, user_id, kind, state, currency, amount_minor, idempotency_key, content,
                                   channel, message_id, created_at, completed_at, reason, reverses_id)
    VALUES (p_group, p_user, p_kind, 'completed', p_currency, p_amount, p_key, v_content, p_channel, p_message, p_at,
            p_at, p_reason, p_reverses)
    ON CONFLICT (group_id, idempotency_key) DO NOTHING RETURNING t.id INTO transaction;
    replayed := NOT FOUND;
    IF replayed THEN
        SELECT * INTO v_known FROM transactions t WHERE t.group_id = p_group AND t.idempotency_key = p_key;
        IF (v_known.user_id, v_known.kind, v_known.currency, v_known.amount_minor, v_known.reason, v_known.reverses_id)
           IS DISTINCT FROM (p_user, p_kind, p_currency, p_amount, p_reason, p_reverses) THEN
            RAISE EXCEPTION 'the key of transaction % stands for another one', v_known.id USING ERRCODE = 'GW004';
        END IF;
        transaction := v_known.id;
        SELECT r.receipt, r.line, r.seal INTO receipt, line, seal
          FROM replay_posting(p_group, transaction, v_content) r;
        RETURN;
    END IF;
    IF p_reverses IS NOT NULL THEN
        UPDATE transactions t SET state = 'reversed' WHERE t.group_id = p_group AND t.id = p_reverses;
    END IF;
    SELECT b.receipt, b.line, b.seal INTO receipt, line, seal
      FROM book_legs(p_group, transaction, p_kind, p_currency, p_at, p_actor, p_channel, p_message,
                     p_kinds, p_owners, p_providers, p_amounts) b;
END $$;
