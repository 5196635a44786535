-- What goes back must have come in: a refund and a chargeback name the payment that they give back, and may take no more
-- than was paid, of the one who paid it, where it was paid. GW009 otherwise, whoever calls.

-- Whether `t` has a payment to give back of which enough is left. What was paid is what arrived and what the provider
-- kept of it; refunds count from their reservation, chargebacks from their posting: those that are only held may be won.
CREATE FUNCTION check_returned(t transactions) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_paid numeric;
    v_returned numeric;
BEGIN
    SELECT -sum(e.amount_minor) INTO v_paid
      FROM transactions p
      JOIN entries e ON e.group_id = p.group_id AND e.transaction_id = p.id
      JOIN wallets w ON w.group_id = e.group_id AND w.id = e.wallet_id AND w.kind IN ('cash', 'fee_expense')
     WHERE p.group_id = t.group_id AND p.id = t.returns_id AND p.state = 'completed'
       AND p.kind IN ('contribution', 'repayment', 'social_fund') AND p.user_id IS NOT DISTINCT FROM t.user_id;
    IF v_paid IS NULL THEN
        RAISE EXCEPTION 'there is no payment that the % of transaction % gives back', t.kind, t.id
            USING ERRCODE = 'GW009';
    END IF;
    -- Known by its key: the same wish once more is a row with another id until the insertion finds the first.
    SELECT coalesce(sum(o.amount_minor), 0) INTO v_returned
      FROM transactions o
     WHERE o.group_id = t.group_id AND o.returns_id = t.returns_id AND o.idempotency_key <> t.idempotency_key
       AND (o.state = 'completed' OR o.kind = 'refund' AND o.has_reservations AND o.state IN ('pending', 'processing'));
    IF v_returned + t.amount_minor > v_paid THEN
        RAISE EXCEPTION 'of payment % went back % of %: transaction % cannot give back %', t.returns_id, v_returned,
            v_paid, t.id, t.amount_minor USING ERRCODE = 'GW009';
    END IF;
END $$;

-- Whether it touches nothing but what the payment was about. Credit is positive, as in legs: the payer's savings; the
-- provider at which it arrived; a wallet that the payment filled, as far as it did; the provider's fee. By a chargeback
-- the payer may owe more, and what they have not got is the group's loss.
CREATE FUNCTION check_return_legs(t transactions, p_kinds text[], p_owners bigint[], p_providers text[],
                                  p_amounts bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM unnest(p_kinds, p_owners, p_providers, p_amounts) AS l (kind, owner, provider, amount)
          LEFT JOIN wallets w ON w.group_id = t.group_id AND w.kind = l.kind AND w.owner_id = l.owner
                             AND w.provider = l.provider
          LEFT JOIN entries e ON e.group_id = w.group_id AND e.wallet_id = w.id AND e.transaction_id = t.returns_id
         WHERE NOT CASE
             WHEN l.owner NOT IN (0, coalesce(t.user_id, 0)) THEN false
             WHEN l.kind = 'cash' THEN e.wallet_id IS NOT NULL AND l.provider <> 'box'
             WHEN l.kind = 'fee_expense' THEN true
             WHEN l.amount > 0 THEN false
             WHEN l.kind = 'savings' THEN true
             WHEN t.kind = 'chargeback' AND (l.kind = 'bad_debt' OR l.owner <> 0) THEN true
             ELSE e.wallet_id IS NOT NULL AND -l.amount <= e.amount_minor END) THEN
        RAISE EXCEPTION 'the % of transaction % touches what payment % did not', t.kind, t.id, t.returns_id
            USING ERRCODE = 'GW009';
    END IF;
END $$;

CREATE FUNCTION refuse_unreturned() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_kinds text[];
    v_owners bigint[];
    v_providers text[];
    v_amounts bigint[];
BEGIN
    PERFORM check_returned(NEW);
    IF TG_OP = 'UPDATE' AND NEW.has_reservations AND NEW.state <> 'completed' THEN
        -- What is held is taken later: of each wallet the amount at most, on the side on which its balance lies.
        SELECT array_agg(w.kind), array_agg(w.owner_id), array_agg(w.provider), array_agg(-r.amount_minor)
          INTO v_kinds, v_owners, v_providers, v_amounts
          FROM reservations r JOIN wallets w ON w.group_id = r.group_id AND w.id = r.wallet_id
         WHERE r.group_id = NEW.group_id AND r.transaction_id = NEW.id;
        IF -NEW.amount_minor > ANY (v_amounts) THEN
            RAISE EXCEPTION 'transaction % is about %, and would hold more', NEW.id, NEW.amount_minor
                USING ERRCODE = 'GW009';
        END IF;
        PERFORM check_return_legs(NEW, v_kinds, v_owners, v_providers, v_amounts);
    END IF;
    RETURN NEW;
END $$;
-- When it is begun, when it first holds money, and when it is booked.
CREATE TRIGGER transactions_returned_born BEFORE INSERT ON transactions FOR EACH ROW
    WHEN (NEW.kind IN ('refund', 'chargeback')) EXECUTE FUNCTION refuse_unreturned();
CREATE TRIGGER transactions_returned BEFORE UPDATE ON transactions FOR EACH ROW
    WHEN (NEW.kind IN ('refund', 'chargeback')
          AND ((NEW.state = 'completed' AND OLD.state <> 'completed')
            OR (NEW.has_reservations AND NOT OLD.has_reservations)))
    EXECUTE FUNCTION refuse_unreturned();
CREATE TRIGGER transactions_return_stays BEFORE UPDATE ON transactions FOR EACH ROW
    WHEN (NEW.returns_id IS DISTINCT FROM OLD.returns_id) EXECUTE FUNCTION refuse_change();
