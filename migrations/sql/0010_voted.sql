-- Money leaves only when the group has voted for it: for these movements a transaction needs a vote that has passed,
-- about this member and this amount. Refused when money is reserved and when it is booked, whoever calls.
CREATE FUNCTION check_voted(t transactions) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF t.kind IN ('withdrawal', 'cash_out', 'payout', 'loan_disbursement', 'write_off') AND NOT EXISTS (
        SELECT FROM approvals a
         WHERE a.group_id = t.group_id AND a.id = t.approval_id AND a.state = 'passed'
           AND a.amount_minor = t.amount_minor AND a.user_id IS NOT DISTINCT FROM t.user_id
           AND a.kind = ANY (CASE t.kind WHEN 'withdrawal' THEN ARRAY['withdrawal', 'removal']
                                         WHEN 'cash_out' THEN ARRAY['withdrawal', 'removal']
                                         WHEN 'payout' THEN ARRAY['payout'] WHEN 'loan_disbursement' THEN ARRAY['loan']
                                         ELSE ARRAY['write_off'] END)) THEN
        RAISE EXCEPTION 'no vote of the group allows the % of transaction %', t.kind, t.id USING ERRCODE = 'GW007';
    END IF;
END $$;

CREATE FUNCTION refuse_unvoted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM check_voted(NEW);
    RETURN NEW;
END $$;
-- Birth as completed, completion, and the first reservation: every moment at which money is moved or promised.
CREATE TRIGGER transactions_voted_born BEFORE INSERT ON transactions FOR EACH ROW
    WHEN (NEW.state = 'completed') EXECUTE FUNCTION refuse_unvoted();
CREATE TRIGGER transactions_voted BEFORE UPDATE ON transactions FOR EACH ROW
    WHEN ((NEW.state = 'completed' AND OLD.state <> 'completed')
       OR (NEW.has_reservations AND NOT OLD.has_reservations))
    EXECUTE FUNCTION refuse_unvoted();
CREATE TRIGGER transactions_vote_stays BEFORE UPDATE ON transactions FOR EACH ROW
    WHEN (NEW.approval_id IS DISTINCT FROM OLD.approval_id) EXECUTE FUNCTION refuse_change();
