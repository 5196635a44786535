-- The role of the web and worker processes: it may read everything, begin transactions and keep conversations, but the
-- book moves only through the functions above, which run as the owner of the tables.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'groupwallet_app') THEN
        CREATE ROLE groupwallet_app NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- Another database of this server has made it at this moment.
END $$;

DO $$ BEGIN
    -- The owner may take on the narrow role: one address then serves the migrations and the processes.
    EXECUTE format('GRANT groupwallet_app TO %I', current_user);
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END $$;

GRANT USAGE ON SCHEMA public TO groupwallet_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO groupwallet_app;
REVOKE INSERT, UPDATE, DELETE ON entries, receipts, audit_log, reservations, wallets, alembic_version
  FROM groupwallet_app;
REVOKE UPDATE, DELETE ON transactions FROM groupwallet_app;
GRANT UPDATE (state, failure) ON transactions TO groupwallet_app;
REVOKE DELETE ON users, groups, memberships, invitations FROM groupwallet_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO groupwallet_app;
-- Tables of later migrations: may be written but never emptied, unless the migration says otherwise.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE ON TABLES TO groupwallet_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO groupwallet_app;

REVOKE EXECUTE ON FUNCTION audit_append, open_wallet, post_transaction, record_transaction, reserve_funds, release_part,
    end_transaction, book_legs, open_missing_wallets, end_reservations, audit_wallet, replay_posting FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_append, open_wallet, post_transaction, record_transaction, reserve_funds, release_part,
    end_transaction TO groupwallet_app;
