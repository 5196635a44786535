-- The group's chain. `audit_line` (what a line's hash covers) is in migration 0003 and never changes.

CREATE FUNCTION audit_append(p_group bigint, p_at timestamptz, p_actor bigint, p_action text, p_data text,
                             p_channel text, p_message text, OUT seq bigint, OUT hash bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_at timestamptz;
    v_previous bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(p_group);
    SELECT a.seq, a.at, a.hash INTO seq, v_at, v_previous
      FROM audit_log a WHERE a.group_id = p_group ORDER BY a.seq DESC LIMIT 1;
    seq := coalesce(seq, 0) + 1;
    v_at := greatest(v_at, p_at);  -- The clocks of two machines differ; a book's time never runs backwards.
    v_previous := coalesce(v_previous, '\x'::bytea);
    hash := sha256(v_previous || convert_to(
        audit_line(p_group, seq, v_at, p_actor, p_action, p_data, p_channel, p_message), 'UTF8'));
    INSERT INTO audit_log (group_id, seq, at, actor_id, action, data, channel, message_id, previous_hash, hash)
    VALUES (p_group, seq, v_at, p_actor, p_action, p_data, p_channel, p_message, v_previous, hash);
END $$;

-- Whose a wallet is belongs to what members can check.
CREATE FUNCTION audit_wallet(w wallets, p_at timestamptz, p_actor bigint, p_channel text, p_message text)
RETURNS void LANGUAGE sql AS $$
    SELECT audit_append(w.group_id, p_at, p_actor, 'wallet_opened',
        '{"wallet":' || w.id || ',"kind":"' || w.kind || '","user":' || coalesce(w.user_id::text, 'null')
        || ',"provider":' || to_json(w.provider) || '}', p_channel, p_message)
$$;

CREATE FUNCTION open_wallet(p_group bigint, p_kind text, p_owner bigint, p_provider text, p_at timestamptz,
                            p_actor bigint, p_channel text, p_message text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    w wallets;
BEGIN
    PERFORM pg_advisory_xact_lock(p_group);
    INSERT INTO wallets (group_id, kind, user_id, provider, currency)
    SELECT p_group, p_kind, nullif(p_owner, 0), p_provider, currency FROM groups WHERE id = p_group
    ON CONFLICT (group_id, kind, owner_id, provider) DO NOTHING RETURNING * INTO w;
    IF w.id IS NULL THEN
        RETURN (SELECT id FROM wallets
                 WHERE group_id = p_group AND kind = p_kind AND owner_id = p_owner AND provider = p_provider);
    END IF;
    PERFORM audit_wallet(w, p_at, p_actor, p_channel, p_message);
    RETURN w.id;
END $$;
