-- Votes. The product reads them; only these functions write them, each with its line in the group's chain.
--
-- GW007 the group has not voted for this · GW008 nobody may vote about it.

CREATE FUNCTION refuse_other_subject() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.uid, NEW.group_id, NEW.kind, NEW.asked_by, NEW.user_id, NEW.amount_minor, NEW.destination,
        NEW.details, NEW.reason, NEW.facts_hash, NEW.eligible, NEW.opened_at, NEW.closes_at)
       IS DISTINCT FROM (OLD.id, OLD.uid, OLD.group_id, OLD.kind, OLD.asked_by, OLD.user_id, OLD.amount_minor,
        OLD.destination, OLD.details, OLD.reason, OLD.facts_hash, OLD.eligible, OLD.opened_at, OLD.closes_at) THEN
        RAISE EXCEPTION 'approval %: what is voted about cannot be changed', OLD.id USING ERRCODE = 'GW001';
    END IF;
    IF OLD.state <> 'open' AND (NEW.state, NEW.yes, NEW.no, NEW.decided_at, NEW.ended_why)
       IS DISTINCT FROM (OLD.state, OLD.yes, OLD.no, OLD.decided_at, OLD.ended_why) THEN
        RAISE EXCEPTION 'approval % is already %', OLD.id, OLD.state USING ERRCODE = 'GW003';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approvals_subject BEFORE UPDATE ON approvals FOR EACH ROW EXECUTE FUNCTION refuse_other_subject();
CREATE TRIGGER approvals_no_delete BEFORE DELETE ON approvals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approvals_no_truncate BEFORE TRUNCATE ON approvals EXECUTE FUNCTION refuse_change();
-- A vote is cast once, and an electorate stays as it was.
CREATE TRIGGER votes_once BEFORE UPDATE ON votes FOR EACH ROW
    WHEN (OLD.choice IS NOT NULL OR NEW.group_id <> OLD.group_id OR NEW.approval_id <> OLD.approval_id
       OR NEW.user_id <> OLD.user_id)
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER votes_no_delete BEFORE DELETE ON votes FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER votes_no_truncate BEFORE TRUNCATE ON votes EXECUTE FUNCTION refuse_change();

-- The tally is the votes, whoever writes: looked at when everything is written, so the row as it is then.
CREATE FUNCTION check_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM approvals a CROSS JOIN LATERAL (
            SELECT count(*) AS eligible, count(*) FILTER (WHERE choice = 'yes') AS yes,
                   count(*) FILTER (WHERE choice = 'no') AS no
              FROM votes v WHERE v.group_id = a.group_id AND v.approval_id = a.id) counted
         WHERE a.id = NEW.id
           AND (a.eligible <> counted.eligible OR a.yes <> counted.yes OR a.no <> counted.no)) THEN
        RAISE EXCEPTION 'approval %: its tally is not its votes', NEW.id USING ERRCODE = 'GW007';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER approvals_tally AFTER INSERT OR UPDATE ON approvals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_tally();

-- Counts one vote and decides as soon as nothing can change the outcome. The caller holds the group's lock.
CREATE FUNCTION count_vote(p_group bigint, p_approval bigint, p_user bigint, p_choice text, p_at timestamptz,
                           p_actor bigint, p_channel text, p_message text, OUT state text, OUT yes integer,
                           OUT no integer, OUT eligible integer)
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE votes v SET choice = p_choice, voted_at = p_at, channel = p_channel
     WHERE v.group_id = p_group AND v.approval_id = p_approval AND v.user_id = p_user;
    UPDATE approvals a
       SET yes = a.yes + (p_choice = 'yes')::integer, no = a.no + (p_choice = 'no')::integer
     WHERE a.id = p_approval RETURNING a.yes, a.no, a.eligible INTO yes, no, eligible;
    PERFORM audit_append(p_group, p_at, p_actor, 'voted', '{"approval":' || p_approval || ',"member":' || p_user
        || ',"choice":"' || p_choice || '","yes":' || yes || ',"no":' || no || ',"eligible":' || eligible || '}',
        p_channel, p_message);
    state := CASE WHEN 100 * yes >= 51 * eligible THEN 'passed'
                  WHEN 100 * (eligible - no) < 51 * eligible THEN 'failed' ELSE 'open' END;
    IF state <> 'open' THEN
        PERFORM end_vote(p_group, p_approval, state, NULL, p_at, p_actor, p_channel, p_message);
    END IF;
END $$;

CREATE FUNCTION end_vote(p_group bigint, p_approval bigint, p_state text, p_why text, p_at timestamptz,
                         p_actor bigint, p_channel text, p_message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE approvals SET state = p_state, ended_why = p_why, decided_at = p_at WHERE id = p_approval;
    PERFORM audit_append(p_group, p_at, p_actor, 'vote_' || p_state, '{"approval":' || p_approval || ',"why":'
        || coalesce(to_json(p_why)::text, 'null') || '}', p_channel, p_message);
END $$;

-- Asks the group. Everybody who is a member at this moment may vote, but for whom the rules make abstain (p_abstains);
-- whoever asks has said yes by asking.
CREATE FUNCTION open_approval(p_group bigint, p_uid uuid, p_kind text, p_user bigint, p_amount bigint,
                              p_destination text, p_details text, p_reason text, p_facts_sealed bytea,
                              p_facts_hash bytea, p_hours integer, p_abstains bigint, p_at timestamptz, p_actor bigint,
                              p_channel text, p_message text, OUT approval bigint, OUT state text, OUT yes integer,
                              OUT no integer, OUT eligible integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_electorate bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock(p_group);
    v_electorate := ARRAY(SELECT user_id FROM memberships m WHERE m.group_id = p_group AND m.status = 'active'
                             AND m.user_id IS DISTINCT FROM p_abstains ORDER BY user_id);
    IF cardinality(v_electorate) = 0 THEN
        RAISE EXCEPTION 'nobody may vote' USING ERRCODE = 'GW008';
    END IF;
    INSERT INTO approvals AS a (uid, group_id, kind, asked_by, user_id, amount_minor, destination, details, reason,
                                facts_sealed, facts_hash, eligible, opened_at, closes_at)
    VALUES (p_uid, p_group, p_kind, p_actor, p_user, p_amount, p_destination, p_details::jsonb, p_reason,
            p_facts_sealed, p_facts_hash, cardinality(v_electorate), p_at, p_at + make_interval(hours => p_hours))
    RETURNING a.id, a.state, a.yes, a.no, a.eligible INTO approval, state, yes, no, eligible;
    INSERT INTO votes (group_id, approval_id, user_id) SELECT p_group, approval, unnest(v_electorate);
    PERFORM audit_append(p_group, p_at, p_actor, 'vote_opened', '{"approval":' || approval || ',"kind":"' || p_kind
        || '","member":' || coalesce(p_user::text, 'null') || ',"amount":' || coalesce(p_amount::text, 'null')
        || ',"destination":' || coalesce(to_json(p_destination)::text, 'null') || ',"facts":"'
        || encode(p_facts_hash, 'hex') || '","electorate":[' || array_to_string(v_electorate, ',') || ']}',
        p_channel, p_message);
    IF p_actor = ANY (v_electorate) THEN
        SELECT c.state, c.yes, c.no, c.eligible INTO state, yes, no, eligible
          FROM count_vote(p_group, approval, p_actor, 'yes', p_at, p_actor, p_channel, p_message) c;
    END IF;
END $$;

-- One member votes. `outcome`: counted · already (their vote stands as it was, in `choice`) · closed · late (its time is
-- over) · not_eligible (they joined later or anew, or abstain) · left · unknown. Only `counted` has changed anything.
CREATE FUNCTION cast_vote(p_group bigint, p_approval bigint, p_choice text, p_at timestamptz, p_actor bigint,
                          p_channel text, p_message text, OUT outcome text, OUT choice text, OUT state text,
                          OUT yes integer, OUT no integer, OUT eligible integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_closes_at timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(p_group);
    SELECT a.state, a.yes, a.no, a.eligible, a.closes_at, v.choice,
           CASE WHEN v.user_id IS NULL THEN 'not_eligible' WHEN v.choice IS NOT NULL THEN 'already'
                WHEN a.state <> 'open' THEN 'closed' WHEN p_at >= a.closes_at THEN 'late'
                WHEN m.user_id IS NULL THEN 'left' WHEN m.joined_at > a.opened_at THEN 'not_eligible'
                ELSE 'counted' END
      INTO state, yes, no, eligible, v_closes_at, choice, outcome
      FROM approvals a
      LEFT JOIN votes v ON v.group_id = a.group_id AND v.approval_id = a.id AND v.user_id = p_actor
      LEFT JOIN memberships m ON m.group_id = a.group_id AND m.user_id = p_actor AND m.status = 'active'
     WHERE a.group_id = p_group AND a.id = p_approval;
    IF NOT FOUND THEN
        outcome := 'unknown';
    ELSIF outcome = 'counted' THEN
        choice := p_choice;
        SELECT c.state, c.yes, c.no, c.eligible INTO state, yes, no, eligible
          FROM count_vote(p_group, p_approval, p_actor, p_choice, p_at, p_actor, p_channel, p_message) c;
    END IF;
END $$;

-- Ends an open vote without the votes deciding it: failed at its deadline, withdrawn by whoever asked, or void because
-- its subject has changed. False when it had ended before, or when its time is not over yet.
CREATE FUNCTION close_approval(p_group bigint, p_approval bigint, p_state text, p_why text, p_at timestamptz,
                               p_actor bigint, p_channel text, p_message text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(p_group);
    IF p_state NOT IN ('failed', 'withdrawn', 'void') OR NOT EXISTS (
        SELECT FROM approvals a WHERE a.group_id = p_group AND a.id = p_approval AND a.state = 'open'
           AND (p_state <> 'failed' OR p_at >= a.closes_at)) THEN
        RETURN false;
    END IF;
    PERFORM end_vote(p_group, p_approval, p_state, p_why, p_at, p_actor, p_channel, p_message);
    RETURN true;
END $$;

REVOKE INSERT, UPDATE, DELETE ON approvals, votes FROM groupwallet_app;
-- When silent members were reminded, and the same text under a newer key.
GRANT UPDATE (reminded_at, facts_sealed) ON approvals TO groupwallet_app;
REVOKE EXECUTE ON FUNCTION count_vote, end_vote, open_approval, cast_vote, close_approval FROM PUBLIC;
GRANT EXECUTE ON FUNCTION open_approval, cast_vote, close_approval TO groupwallet_app;
