-- Two phases: an open transaction reserves what it will take, and either its posting settles that or it is released.
-- GW003 already ended · GW005 unknown wallet or transaction · GW006 more is released than is held;
-- reserving more than is available raises check_violation (ck_wallets_available).

CREATE FUNCTION reserve_funds(p_group bigint, p_transaction bigint, p_at timestamptz, p_actor bigint, p_channel text,
                              p_message text, p_kinds text[], p_owners bigint[], p_providers text[],
                              p_amounts bigint[], OUT reserved boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_state text;
    v_held text;
    v_before text;
    v_count integer;
BEGIN
    PERFORM pg_advisory_xact_lock(p_group);
    SELECT t.state, NOT t.has_reservations INTO v_state, reserved
      FROM transactions t WHERE t.id = p_transaction AND t.group_id = p_group FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no transaction % in group %', p_transaction, p_group USING ERRCODE = 'GW005';
    ELSIF v_state NOT IN ('pending', 'processing') THEN
        RAISE EXCEPTION 'transaction % is already %', p_transaction, v_state USING ERRCODE = 'GW003';
    END IF;
    SELECT string_agg('[' || w.id || ',' || l.amount || ']', ',' ORDER BY w.id), count(*) INTO v_held, v_count
      FROM unnest(p_kinds, p_owners, p_providers, p_amounts) AS l (kind, owner, provider, amount)
      JOIN wallets w ON w.group_id = p_group AND w.kind = l.kind AND w.owner_id = l.owner AND w.provider = l.provider;
    IF v_count <> cardinality(p_amounts) THEN
        RAISE EXCEPTION 'group % lacks a wallet to reserve from', p_group USING ERRCODE = 'GW005';
    END IF;
    SELECT string_agg('[' || r.wallet_id || ',' || r.amount_minor || ']', ',' ORDER BY r.wallet_id) INTO v_before
      FROM reservations r WHERE r.group_id = p_group AND r.transaction_id = p_transaction AND r.state = 'held';
    -- A transaction promises once: what it gave back since is free, and for more somebody has to ask again.
    IF NOT reserved THEN
        IF v_before IS DISTINCT FROM v_held THEN
            RAISE EXCEPTION 'transaction % has reserved something else', p_transaction USING ERRCODE = 'GW004';
        END IF;
        RETURN;
    END IF;
    WITH held AS (
        INSERT INTO reservations (group_id, transaction_id, wallet_id, amount_minor, created_at)
        SELECT p_group, p_transaction, w.id, l.amount, p_at
          FROM unnest(p_kinds, p_owners, p_providers, p_amounts) AS l (kind, owner, provider, amount)
          JOIN wallets w ON w.group_id = p_group AND w.kind = l.kind AND w.owner_id = l.owner
                        AND w.provider = l.provider
        RETURNING wallet_id, amount_minor)
    UPDATE wallets w SET reserved_minor = w.reserved_minor + held.amount_minor FROM held WHERE w.id = held.wallet_id;
    UPDATE transactions SET has_reservations = true WHERE id = p_transaction;
    PERFORM audit_append(p_group, p_at, p_actor, 'reserved',
        '{"transaction":' || p_transaction || ',"reserved":[' || v_held || ']}', p_channel, p_message);
END $$;

-- Ends what a transaction still holds, as settled or as released; answers the lines for the audit log, or NULL.
CREATE FUNCTION end_reservations(p_group bigint, p_transaction bigint, p_state text, p_at timestamptz) RETURNS text
LANGUAGE sql AS $$
    WITH ended AS (
        UPDATE reservations SET state = p_state, ended_at = p_at
         WHERE group_id = p_group AND transaction_id = p_transaction AND state = 'held'
        RETURNING wallet_id, amount_minor),
    freed AS (
        UPDATE wallets w SET reserved_minor = w.reserved_minor - ended.amount_minor
          FROM ended WHERE w.id = ended.wallet_id)
    SELECT string_agg('[' || wallet_id || ',' || amount_minor || ']', ',' ORDER BY wallet_id) FROM ended
$$;

-- Gives back a part of what an open transaction holds on one wallet, as a guarantor's share shrinks with the loan.
CREATE FUNCTION release_part(p_group bigint, p_transaction bigint, p_kind text, p_owner bigint, p_provider text,
                             p_amount bigint, p_at timestamptz, p_actor bigint, p_channel text, p_message text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_wallet bigint;
    v_held bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(p_group);
    SELECT r.wallet_id, r.amount_minor INTO v_wallet, v_held
      FROM reservations r JOIN wallets w ON w.group_id = r.group_id AND w.id = r.wallet_id
     WHERE r.group_id = p_group AND r.transaction_id = p_transaction AND r.state = 'held'
       AND w.kind = p_kind AND w.owner_id = p_owner AND w.provider = p_provider;
    IF v_held IS NULL OR p_amount <= 0 OR p_amount > v_held THEN
        RAISE EXCEPTION 'transaction % holds % there, not %', p_transaction, coalesce(v_held, 0), p_amount
            USING ERRCODE = 'GW006';
    END IF;
    IF p_amount = v_held THEN
        UPDATE reservations SET state = 'released', ended_at = p_at
         WHERE group_id = p_group AND transaction_id = p_transaction AND wallet_id = v_wallet;
    ELSE
        UPDATE reservations SET amount_minor = amount_minor - p_amount
         WHERE group_id = p_group AND transaction_id = p_transaction AND wallet_id = v_wallet;
    END IF;
    UPDATE wallets SET reserved_minor = reserved_minor - p_amount WHERE id = v_wallet;
    PERFORM audit_append(p_group, p_at, p_actor, 'released',
        '{"transaction":' || p_transaction || ',"released":[[' || v_wallet || ',' || p_amount || ']]}', p_channel,
        p_message);
END $$;

-- Ends an open transaction without money and releases what it held. False when it had ended before.
CREATE FUNCTION end_transaction(p_group bigint, p_transaction bigint, p_state text, p_reason text, p_at timestamptz,
                                p_actor bigint, p_channel text, p_message text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_kind text;
    v_released text;
BEGIN
    PERFORM pg_advisory_xact_lock(p_group);
    UPDATE transactions t SET state = p_state, failure = p_reason
     WHERE t.id = p_transaction AND t.group_id = p_group
       AND CASE t.state WHEN 'pending' THEN true WHEN 'processing' THEN true ELSE false END
    RETURNING t.kind INTO v_kind;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    v_released := end_reservations(p_group, p_transaction, 'released', p_at);
    PERFORM audit_append(p_group, p_at, p_actor, v_kind || '_' || p_state,
        '{"transaction":' || p_transaction || ',"reason":' || to_json(coalesce(p_reason, ''))
        || CASE WHEN v_released IS NULL THEN '' ELSE ',"released":[' || v_released || ']' END || '}', p_channel,
        p_message);
    RETURN true;
END $$;
