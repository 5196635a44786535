"""What must hold of refunds and chargebacks in every book: one more statement for `ledger.checks`.

What went back had come in: at most what was paid, of the one who paid it, where it was paid. Of what went back before a
group's lines say which payment it was, nothing is asked.
"""

FIRST_RETURN = """
    SELECT group_id, min(seq) AS seq FROM audit_log
     WHERE group_id BETWEEN :first AND :last AND action = ANY(:returns) AND data LIKE '%,"returns":%,"receipt":%'
     GROUP BY group_id"""

RETURNED = f"""
    SELECT group_id, 'not_paid_in', format('transaction %s', id), fault.detail
      FROM (SELECT t.group_id, t.id, t.kind, t.user_id, t.returns_id, p.kind AS paid_as, p.user_id AS payer_id, p.state,
                   (SELECT -coalesce(sum(CAST(e.amount_minor AS numeric)), 0)
                      FROM entries e JOIN wallets w ON w.group_id = e.group_id AND w.id = e.wallet_id
                     WHERE e.group_id = p.group_id AND e.transaction_id = p.id
                       AND w.kind IN ('cash', 'fee_expense')) AS paid,
                   sum(CAST(t.amount_minor AS numeric)) FILTER (WHERE t.state = 'completed')
                       OVER (PARTITION BY t.group_id, t.returns_id) AS returned,
                   (SELECT string_agg(format('%s on %s wallet %s', e.amount_minor, w.kind, w.id), ', ' ORDER BY w.id)
                      FROM entries e JOIN wallets w ON w.group_id = e.group_id AND w.id = e.wallet_id
                      LEFT JOIN entries came ON came.group_id = e.group_id AND came.wallet_id = e.wallet_id
                                            AND came.transaction_id = t.returns_id
                     WHERE e.group_id = t.group_id AND e.transaction_id = t.id
                       AND NOT CASE
                           WHEN w.owner_id NOT IN (0, coalesce(t.user_id, 0)) THEN false
                           WHEN w.kind = 'cash' THEN came.wallet_id IS NOT NULL AND w.provider <> 'box'
                           WHEN w.kind = 'fee_expense' THEN true
                           WHEN e.amount_minor > 0 THEN false
                           WHEN w.kind = 'savings' THEN true
                           WHEN t.kind = 'chargeback' AND (w.kind = 'bad_debt' OR w.owner_id <> 0) THEN true
                           ELSE came.wallet_id IS NOT NULL
                                AND -CAST(e.amount_minor AS numeric) <= came.amount_minor END) AS elsewhere
              FROM transactions t
              JOIN receipts r ON r.group_id = t.group_id AND r.transaction_id = t.id
              JOIN ({FIRST_RETURN}) f ON f.group_id = r.group_id AND f.seq <= r.seq
              LEFT JOIN transactions p ON p.group_id = t.group_id AND p.id = t.returns_id
             WHERE t.group_id BETWEEN :first AND :last AND r.group_id BETWEEN :first AND :last
               AND t.kind = ANY(:returns) AND t.state IN ('completed', 'reversed')) t
     CROSS JOIN LATERAL (VALUES
        (returns_id IS NULL, format('it is a %s, and it names no payment', kind)),
        (returns_id IS NOT NULL AND (paid_as IS NULL OR NOT paid_as = ANY(:payments)
                                     OR state NOT IN ('completed', 'reversed')),
         format('it is a %s of transaction %s, which is a %s %s', kind, returns_id, coalesce(state, 'missing'),
                coalesce(paid_as, 'one'))),
        (paid_as IS NOT NULL AND user_id IS DISTINCT FROM payer_id,
         format('it is a %s for member %s of payment %s, which member %s paid', kind,
                coalesce(CAST(user_id AS text), 'none'), returns_id, coalesce(CAST(payer_id AS text), 'none'))),
        (returns_id IS NOT NULL AND returned > paid,
         format('of payment %s went back %s, and %s was paid', returns_id, returned, paid)),
        (returns_id IS NOT NULL AND elsewhere IS NOT NULL,
         format('it touches what payment %s did not: %s', returns_id, elsewhere))) AS fault (found, detail)
     WHERE fault.found"""  # noqa: S608
