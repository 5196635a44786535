-- What the database refuses, whoever writes. Each rule is tested with a real commit.

-- Every entry of a transaction belongs to the transaction's group, and a group has one currency: one sum is enough.
CREATE FUNCTION check_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount_minor) FROM entries
         WHERE group_id = NEW.group_id AND transaction_id = NEW.transaction_id) <> 0 THEN
        RAISE EXCEPTION 'the entries of transaction % do not add up to zero', NEW.transaction_id
            USING ERRCODE = 'GW002';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entries_sum_to_zero AFTER INSERT ON entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_zero_sum();

CREATE FUNCTION check_has_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM entries WHERE group_id = NEW.group_id AND transaction_id = NEW.id) THEN
        RAISE EXCEPTION 'transaction % is % without entries', NEW.id, NEW.state USING ERRCODE = 'GW002';
    END IF;
    IF NEW.state = 'reversed' AND NOT EXISTS (SELECT FROM transactions t WHERE t.reverses_id = NEW.id) THEN
        RAISE EXCEPTION 'transaction % is reversed by no other', NEW.id USING ERRCODE = 'GW003';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transactions_have_entries AFTER INSERT OR UPDATE OF state ON transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state IN ('completed', 'reversed'))
    EXECUTE FUNCTION check_has_entries();

CREATE FUNCTION check_holds_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM reservations
                WHERE group_id = NEW.group_id AND transaction_id = NEW.id AND state = 'held') THEN
        RAISE EXCEPTION 'transaction % has ended and still holds money', NEW.id USING ERRCODE = 'GW006';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transactions_hold_nothing AFTER UPDATE OF state ON transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.has_reservations AND NEW.state NOT IN ('pending', 'processing')) EXECUTE FUNCTION check_holds_nothing();

-- A balance moves only together with its version, and a wallet stays whose it is.
CREATE TRIGGER wallets_move_with_version BEFORE UPDATE ON wallets FOR EACH ROW
    WHEN ((NEW.balance_minor <> OLD.balance_minor) <> (NEW.version = OLD.version + 1)
       OR (NEW.balance_minor = OLD.balance_minor AND NEW.version <> OLD.version)
       OR NEW.id <> OLD.id OR NEW.group_id <> OLD.group_id OR NEW.kind <> OLD.kind
       OR NEW.user_id IS DISTINCT FROM OLD.user_id OR NEW.provider <> OLD.provider)
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER wallets_no_delete BEFORE DELETE ON wallets FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER wallets_no_truncate BEFORE TRUNCATE ON wallets EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transactions_no_truncate BEFORE TRUNCATE ON transactions EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reservations_no_delete BEFORE DELETE ON reservations FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reservations_no_truncate BEFORE TRUNCATE ON reservations EXECUTE FUNCTION refuse_change();

-- A reservation only shrinks, and what has ended stays as it ended.
CREATE TRIGGER reservations_only_shrink BEFORE UPDATE ON reservations FOR EACH ROW
    WHEN (OLD.state <> 'held' OR NEW.amount_minor > OLD.amount_minor OR NEW.group_id <> OLD.group_id
       OR NEW.transaction_id <> OLD.transaction_id OR NEW.wallet_id <> OLD.wallet_id
       OR NEW.created_at <> OLD.created_at)
    EXECUTE FUNCTION refuse_change();

CREATE OR REPLACE FUNCTION check_transaction_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.group_id, NEW.user_id, NEW.kind, NEW.currency, NEW.amount_minor, NEW.idempotency_key,
        NEW.created_at, NEW.reverses_id, NEW.reason)
       IS DISTINCT FROM (OLD.id, OLD.group_id, OLD.user_id, OLD.kind, OLD.currency, OLD.amount_minor,
        OLD.idempotency_key, OLD.created_at, OLD.reverses_id, OLD.reason) THEN
        RAISE EXCEPTION 'transaction %: what it says cannot be changed', OLD.id USING ERRCODE = 'GW001';
    END IF;
    IF NEW.state <> OLD.state AND NOT (
        (OLD.state = 'pending' AND NEW.state IN ('processing', 'completed', 'failed', 'cancelled', 'expired'))
        OR (OLD.state = 'processing' AND NEW.state IN ('completed', 'failed', 'cancelled', 'expired'))
        OR (OLD.state = 'completed' AND NEW.state = 'reversed')) THEN
        RAISE EXCEPTION 'transaction %: % cannot become %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'GW003';
    END IF;
    IF OLD.state NOT IN ('pending', 'processing') AND (NEW.content, NEW.completed_at, NEW.channel, NEW.message_id,
        NEW.failure, NEW.has_reservations) IS DISTINCT FROM (OLD.content, OLD.completed_at, OLD.channel,
        OLD.message_id, OLD.failure, OLD.has_reservations) THEN
        RAISE EXCEPTION 'transaction %: how it ended cannot be changed', OLD.id USING ERRCODE = 'GW001';
    END IF;
    RETURN NEW;
END $$;

-- A transaction begins as pending, or is written down with its entries in one go.
CREATE OR REPLACE FUNCTION check_transaction_birth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'pending' AND (NEW.state <> 'completed' OR NEW.content IS NULL) THEN
        RAISE EXCEPTION 'a transaction begins as pending, not %', NEW.state USING ERRCODE = 'GW003';
    END IF;
    RETURN NEW;
END $$;
