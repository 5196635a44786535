-- Takes in a message: who sent it, whether it is new, and where their conversation stands. The database has no key, so
-- address and phone come sealed, with the blind indexes by which they are found; name and phone go back sealed, with
-- the uid to which they are bound. `p_uid` and the sealed values are written only on first contact.
CREATE FUNCTION receive_message(p_provider text, p_message text, p_channel text, p_address_index bytea,
                                p_address_sealed bytea, p_uid uuid, p_phone_index bytea, p_phone_sealed bytea,
                                p_country text, p_body text, p_media jsonb, p_at timestamptz)
RETURNS TABLE (inbound_id bigint, answer text, identity_id bigint, opted_out boolean, user_id bigint, uid uuid,
               phone_index bytea, phone_sealed bytea, name_sealed bytea, language text, country text, question text,
               slots jsonb, group_id bigint, wrong_codes jsonb, asked_at timestamptz, groups jsonb)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_identity identities;
    v_user users;
    v_dialogue dialogues;
    v_inbound bigint;
    v_answer text;
BEGIN
    SELECT * INTO v_identity FROM identities WHERE channel = p_channel AND address_index = p_address_index;
    IF NOT FOUND THEN
        INSERT INTO users (uid, phone_index, phone_sealed, country)
        VALUES (p_uid, p_phone_index, p_phone_sealed, p_country)
        ON CONFLICT (phone_index) DO UPDATE SET phone_index = EXCLUDED.phone_index RETURNING * INTO v_user;
        INSERT INTO identities (user_id, channel, address_index, address_sealed)
        VALUES (v_user.id, p_channel, p_address_index, p_address_sealed)
        ON CONFLICT (channel, address_index) DO NOTHING;
        SELECT * INTO v_identity FROM identities WHERE channel = p_channel AND address_index = p_address_index;
    END IF;

    -- NO KEY: a job that only refers to this person (a receipt to be sent) need not wait for their conversation.
    SELECT * INTO v_user FROM users WHERE id = v_identity.user_id FOR NO KEY UPDATE;
    INSERT INTO inbound_messages (provider, message_id, identity_id, user_id, body, media, received_at)
    VALUES (p_provider, p_message, v_identity.id, v_user.id, p_body, p_media, p_at)
    ON CONFLICT (provider, message_id) DO NOTHING RETURNING id INTO v_inbound;
    IF v_inbound IS NULL THEN
        SELECT m.answer INTO v_answer FROM inbound_messages m
         WHERE m.provider = p_provider AND m.message_id = p_message;
        RETURN QUERY SELECT NULL::bigint, v_answer, v_identity.id, false, v_user.id, v_user.uid, v_user.phone_index,
            v_user.phone_sealed, v_user.name_sealed, v_user.language, v_user.country, NULL::text, NULL::jsonb,
            NULL::bigint, NULL::jsonb, NULL::timestamptz, NULL::jsonb;
        RETURN;
    END IF;

    UPDATE identities SET last_inbound_at = p_at WHERE id = v_identity.id;
    SELECT * INTO v_dialogue FROM dialogues d WHERE d.user_id = v_user.id;
    RETURN QUERY SELECT v_inbound, NULL::text, v_identity.id, v_identity.opted_out_at IS NOT NULL, v_user.id,
        v_user.uid, v_user.phone_index, v_user.phone_sealed, v_user.name_sealed, v_user.language, v_user.country,
        v_dialogue.question, coalesce(v_dialogue.slots, '{}'::jsonb), v_dialogue.group_id,
        coalesce(v_dialogue.wrong_codes, '[]'::jsonb), v_dialogue.asked_at,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'code', g.code, 'name', g.name, 'currency',
                    g.currency, 'time_zone', g.time_zone, 'country', g.country, 'role', m.role) ORDER BY m.id), '[]')
           FROM memberships m JOIN groups g ON g.id = m.group_id
          WHERE m.user_id = v_user.id AND m.status = 'active');
END $$;
