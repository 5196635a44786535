"""One round trip to take in a message: who sent it, whether it is new, and where their conversation stands.

Why: the member waits for every statement. The function writes the message, creates the person on first contact,
locks the person's row (so a member's messages are handled one after the other) and returns all a command needs.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

RECEIVE = """
CREATE FUNCTION receive_message(p_provider text, p_message text, p_channel text, p_address text, p_phone text,
                                p_country text, p_body text, p_media jsonb, p_at timestamptz)
RETURNS TABLE (inbound_id bigint, answer text, identity_id bigint, opted_out boolean, user_id bigint, phone text,
               name text, language text, country text, question text, slots jsonb, group_id bigint,
               wrong_codes jsonb, asked_at timestamptz, groups jsonb) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_identity identities;
    v_user users;
    v_dialogue dialogues;
    v_inbound bigint;
    v_answer text;
BEGIN
    SELECT * INTO v_identity FROM identities WHERE channel = p_channel AND address = p_address;
    IF NOT FOUND THEN
        IF p_phone IS NULL THEN
            INSERT INTO users (country) VALUES (p_country) RETURNING * INTO v_user;
        ELSE
            INSERT INTO users (phone, country) VALUES (p_phone, p_country)
            ON CONFLICT (phone) DO UPDATE SET phone = EXCLUDED.phone RETURNING * INTO v_user;
        END IF;
        INSERT INTO identities (user_id, channel, address) VALUES (v_user.id, p_channel, p_address)
        ON CONFLICT (channel, address) DO NOTHING;
        SELECT * INTO v_identity FROM identities WHERE channel = p_channel AND address = p_address;
    END IF;

    -- NO KEY: a job that only refers to this person (a receipt to be sent) need not wait for their conversation.
    SELECT * INTO v_user FROM users WHERE id = v_identity.user_id FOR NO KEY UPDATE;
    INSERT INTO inbound_messages (provider, message_id, identity_id, user_id, body, media, received_at)
    VALUES (p_provider, p_message, v_identity.id, v_user.id, p_body, p_media, p_at)
    ON CONFLICT (provider, message_id) DO NOTHING RETURNING id INTO v_inbound;
    IF v_inbound IS NULL THEN
        SELECT m.answer INTO v_answer FROM inbound_messages m
         WHERE m.provider = p_provider AND m.message_id = p_message;
        RETURN QUERY SELECT NULL::bigint, v_answer, v_identity.id, false, v_user.id, v_user.phone, v_user.name,
            v_user.language, v_user.country, NULL::text, NULL::jsonb, NULL::bigint, NULL::jsonb, NULL::timestamptz, NULL::jsonb;
        RETURN;
    END IF;

    UPDATE identities SET last_inbound_at = p_at WHERE id = v_identity.id;
    SELECT * INTO v_dialogue FROM dialogues d WHERE d.user_id = v_user.id;
    RETURN QUERY SELECT v_inbound, NULL::text, v_identity.id, v_identity.opted_out_at IS NOT NULL, v_user.id,
        v_user.phone, v_user.name, v_user.language, v_user.country, v_dialogue.question,
        coalesce(v_dialogue.slots, '{}'::jsonb), v_dialogue.group_id, coalesce(v_dialogue.wrong_codes, '[]'::jsonb),
        v_dialogue.asked_at,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'code', g.code, 'name', g.name, 'currency',
                    g.currency, 'time_zone', g.time_zone, 'country', g.country, 'role', m.role) ORDER BY m.id), '[]')
           FROM memberships m JOIN groups g ON g.id = m.group_id
          WHERE m.user_id = v_user.id AND m.status = 'active');
END $$;
"""


def upgrade() -> None:
    op.execute(RECEIVE)
