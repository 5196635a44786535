"""What must hold in every book, one statement for each subject; `ledger.verifying` runs them.

Each looks at all groups from `:first` to `:last` at once, lets the server compute and hash, and returns nothing but
what is wrong: (group_id, what, place, detail). So memory here does not grow with the book. Lines of the chain are not
parsed: what the tables say is printed as the database functions print it, and the texts are compared. Sums are
`numeric`, so that an amount which somebody made absurdly large is reported and does not end the statement.
"""

from ledger.checks_of_returns import RETURNED
from ledger.models import CREDIT_KINDS, DECIDED_BY, MOVEMENTS, PAYMENTS, RETURNS

# Whole numbers are compared twice as fast as `numeric`; the bounds keep their sum from overflowing.
ENTRIES = """
    SELECT group_id, fault.what, format('entry of wallet %s, version %s', wallet_id, wallet_version), fault.detail
      FROM (SELECT e.group_id, e.wallet_id, e.wallet_version, e.amount_minor, e.balance_after_minor,
                   lag(e.wallet_version, 1, CAST(0 AS bigint)) OVER entries AS version_before,
                   lag(e.balance_after_minor, 1, CAST(0 AS bigint)) OVER entries AS balance_before
              FROM entries e WHERE e.group_id BETWEEN :first AND :last
            WINDOW entries AS (PARTITION BY e.group_id, e.wallet_id ORDER BY e.wallet_version)) e
     CROSS JOIN LATERAL (VALUES
        (wallet_version <> version_before + 1, 'entry_gap',
         format('the entry before it is version %s, so %s is missing', version_before, version_before + 1)),
        (balance_after_minor <> CAST(balance_before AS numeric) + amount_minor, 'entry_balance',
         format('the balance after it is %s, expected %s + %s = %s', balance_after_minor, balance_before, amount_minor,
                CAST(balance_before AS numeric) + amount_minor))) AS fault (found, what, detail)
     WHERE (wallet_version <> version_before + 1
        OR CASE WHEN balance_before BETWEEN -4000000000000000000 AND 4000000000000000000
                 AND amount_minor BETWEEN -4000000000000000000 AND 4000000000000000000
                THEN balance_after_minor <> balance_before + amount_minor ELSE true END) AND fault.found"""

WALLETS = """
    SELECT group_id, fault.what, format('wallet %s', id), fault.detail
      FROM (SELECT coalesce(w.group_id, e.group_id) AS group_id, coalesce(w.id, e.wallet_id) AS id, w.kind,
                   w.balance_minor, w.version, w.reserved_minor, e.version AS last_version,
                   coalesce(e.total, 0) AS total, coalesce(r.held, 0) AS held
              FROM (SELECT group_id, id, kind, balance_minor, version, reserved_minor
                      FROM wallets WHERE group_id BETWEEN :first AND :last) w
              FULL JOIN (SELECT group_id, wallet_id, max(wallet_version) AS version, sum(amount_minor) AS total
                           FROM entries WHERE group_id BETWEEN :first AND :last GROUP BY group_id, wallet_id) e
                ON e.group_id = w.group_id AND e.wallet_id = w.id
              LEFT JOIN (SELECT group_id, wallet_id, sum(amount_minor) AS held FROM reservations
                          WHERE group_id BETWEEN :first AND :last AND state = 'held' GROUP BY group_id, wallet_id) r
                ON r.group_id = w.group_id AND r.wallet_id = w.id) w
     CROSS JOIN LATERAL (VALUES
        (kind IS NULL, 'wallet_missing', format('there are entries up to version %s, but no wallet', last_version)),
        (balance_minor <> total, 'wallet_balance',
         format('its balance is %s, its entries add up to %s', balance_minor, total)),
        (version <> coalesce(last_version, 0), 'wallet_version',
         format('its version is %s, that of its last entry %s', version, coalesce(last_version, 0))),
        (CASE WHEN kind = ANY(:credit_kinds) THEN balance_minor < 0 ELSE balance_minor > 0 END, 'wallet_side',
         format('its balance is %s, on the wrong side for %s', balance_minor, kind)),
        (reserved_minor <> held, 'wallet_reserved',
         format('%s is reserved, its open reservations add up to %s', reserved_minor, held)),
        (reserved_minor < 0 OR reserved_minor > abs(CAST(balance_minor AS numeric)), 'wallet_available',
         format('%s is reserved of a balance of %s', reserved_minor, balance_minor))) AS fault (found, what, detail)
     WHERE fault.found"""

WALLET_LINES = """
    SELECT coalesce(w.group_id, a.group_id), 'wallet_opened', CASE WHEN w.id IS NULL THEN format('audit line %s', a.seq)
           ELSE format('wallet %s', w.id) END,
           CASE WHEN a.seq IS NULL THEN format('no line of the chain opens it; expected %s', w.expected)
                WHEN w.id IS NULL THEN format('it opens a wallet that is not there: %s', a.data)
                ELSE format('line %s opened it as %s, it is now %s', a.seq, a.data, w.expected) END
      FROM (SELECT group_id, id,
                   format('{"wallet":%s,"kind":"%s","user":%s,"provider":%s}', id, kind,
                          coalesce(CAST(user_id AS text), 'null'), to_json(provider)) AS expected
              FROM wallets WHERE group_id BETWEEN :first AND :last) w
      FULL JOIN (SELECT group_id, seq, data,
                        CAST(substring(data FROM '^{"wallet":([0-9]{1,18}),') AS bigint) AS wallet_id
                   FROM audit_log WHERE group_id BETWEEN :first AND :last AND action = 'wallet_opened') a
        ON a.group_id = w.group_id AND a.wallet_id = w.id
     WHERE a.data IS DISTINCT FROM w.expected"""

CHAIN = """
    SELECT group_id, fault.what, format('audit line %s', seq), fault.detail
      FROM (SELECT group_id, seq, hash, previous_hash,
                   lag(seq, 1, CAST(0 AS bigint)) OVER chain AS seq_before,
                   lag(hash, 1, CAST('' AS bytea)) OVER chain AS hash_before,
                   sha256(previous_hash || convert_to(
                       audit_line(group_id, seq, at, actor_id, action, data, channel, message_id), 'UTF8')) AS computed
              FROM audit_log WHERE group_id BETWEEN :first AND :last
            WINDOW chain AS (PARTITION BY group_id ORDER BY seq)) a
     CROSS JOIN LATERAL (VALUES
        (seq <> seq_before + 1, 'line_gap',
         format('the line before it is %s, so %s is missing', seq_before, seq_before + 1)),
        (previous_hash <> hash_before, 'line_link',
         format('it was sealed on top of %s, the line before it has %s', encode(previous_hash, 'hex'),
                encode(hash_before, 'hex'))),
        (hash <> computed, 'line_hash',
         format('its hash is %s, what it says has %s', encode(hash, 'hex'), encode(computed, 'hex'))))
        AS fault (found, what, detail)
     WHERE (seq <> seq_before + 1 OR previous_hash <> hash_before OR hash <> computed) AND fault.found"""

RECEIPTS = """
    SELECT group_id, 'receipt_gap', format('receipt %s', number),
           format('the receipt before it is %s, so %s is missing', number_before, number_before + 1)
      FROM (SELECT group_id, number,
                   lag(number, 1, 0) OVER (PARTITION BY group_id ORDER BY number) AS number_before
              FROM receipts WHERE group_id BETWEEN :first AND :last) r
     WHERE number <> number_before + 1"""

# Where a group's lines begin to say everything about a posting: the shorter ones of before migration 0010 end there.
# An amount alone does not tell them apart, for a vote has one, too; no text inside a line can look like its keys.
FULL_LINES = """
    SELECT group_id, min(seq) AS seq FROM audit_log
     WHERE group_id BETWEEN :first AND :last AND data LIKE '%"amount":%"receipt":%"entries":%' GROUP BY group_id"""

# The text of a posting's line as `book_legs` prints it. Books from before migration 0007 list the same entries in the
# order of their legs, so a line that differs is compared once more with its entries sorted.
POSTINGS = rf"""
    SELECT group_id, fault.what, format('transaction %s', id), fault.detail
      FROM (SELECT coalesce(t.group_id, m.group_id, r.group_id) AS group_id,
                   coalesce(t.id, m.transaction_id, r.transaction_id) AS id, t.kind, t.state, m.entries, m.total,
                   r.number, r.seq, a.seq AS found_seq, a.action, a.data,
                   coalesce(t.state IN ('completed', 'reversed'), false) AS posted,
                   CASE WHEN a.seq >= f.seq
                        THEN format('{{"transaction":%s,"member":%s,"amount":%s,"currency":"%s","approval":%s,'
                                    '"reason":%s%s,"receipt":%s,"entries":[%s]}}', t.id, t.member, t.amount_minor,
                                    t.currency, t.approval, t.reason, ',"returns":' || t.returns_id, r.number, m.legs)
                        ELSE format('{{"transaction":%s,"currency":"%s","receipt":%s,"entries":[%s]}}',
                                    t.id, t.currency, r.number, m.legs) END AS expected,
                   m.earliest = m.latest AND m.latest = r.issued_at AND r.issued_at = a.at AS same_time
              FROM (SELECT group_id, id, kind, state, currency, amount_minor, returns_id,
                           coalesce(CAST(user_id AS text), 'null') AS member,
                           coalesce(CAST(approval_id AS text), 'null') AS approval,
                           coalesce('"' || encode(sha256(convert_to(reason, 'UTF8')), 'hex') || '"', 'null') AS reason
                      FROM transactions WHERE group_id BETWEEN :first AND :last) t
              FULL JOIN (SELECT group_id, transaction_id, count(*) AS entries, sum(amount_minor) AS total,
                                min(created_at) AS earliest, max(created_at) AS latest,
                                string_agg('[' || wallet_id || ',' || amount_minor || ']', ','
                                           ORDER BY wallet_id) AS legs
                           FROM entries WHERE group_id BETWEEN :first AND :last GROUP BY group_id, transaction_id) m
                ON m.group_id = t.group_id AND m.transaction_id = t.id
              FULL JOIN (SELECT group_id, transaction_id, number, seq, issued_at
                           FROM receipts WHERE group_id BETWEEN :first AND :last) r
                ON r.group_id = coalesce(t.group_id, m.group_id)
               AND r.transaction_id = coalesce(t.id, m.transaction_id)
              LEFT JOIN (SELECT group_id, seq, action, data, at
                           FROM audit_log WHERE group_id BETWEEN :first AND :last) a
                ON a.group_id = r.group_id AND a.seq = r.seq
              LEFT JOIN ({FULL_LINES}) f ON f.group_id = a.group_id) t
     CROSS JOIN LATERAL (VALUES
        (state IS NULL, 'transaction_missing', 'it has entries or a receipt, but is not there itself'),
        (total <> 0, 'unbalanced', format('its entries add up to %s, not to zero', total)),
        (posted AND coalesce(entries, 0) < 2, 'entries_missing',
         format('it is %s and has %s entries', state, coalesce(entries, 0))),
        (NOT posted AND state IS NOT NULL AND entries IS NOT NULL, 'entries_unexpected',
         format('it is %s and has %s entries', state, entries)),
        (posted AND number IS NULL, 'receipt_missing', format('it is %s and has no receipt', state)),
        (NOT posted AND state IS NOT NULL AND number IS NOT NULL, 'receipt_unexpected',
         format('it is %s and has receipt %s', state, number)),
        (number IS NOT NULL AND found_seq IS NULL, 'receipt_line',
         format('receipt %s points to line %s, which is not there', number, seq)),
        (action <> kind, 'posting_kind', format('it is a %s, line %s says %s', kind, seq, action)),
        (data <> expected AND (
             regexp_replace(data, '"entries":.*', '') <> regexp_replace(expected, '"entries":.*', '')
             OR (SELECT string_agg(leg[1], ',' ORDER BY CAST(leg[2] AS numeric))
                   FROM regexp_matches(data, '(\[([0-9]+),-?[0-9]+\])', 'g') leg)
                IS DISTINCT FROM substring(expected FROM '"entries":\[(.*)\]\}}')), 'posting_line',
         format('line %s says %s, the book says %s', seq, data, expected)),
        (NOT same_time, 'posting_time',
         format('its entries, receipt %s and line %s bear different times', number, seq)))
        AS fault (found, what, detail)
     WHERE (state IS NULL OR NOT posted AND (entries IS NOT NULL OR number IS NOT NULL)
        OR posted AND (number IS NULL OR entries IS NULL OR entries < 2 OR total <> 0 OR found_seq IS NULL
                       OR action <> kind OR data <> expected OR NOT same_time)) AND fault.found"""  # noqa: S608

# A posting's line that no receipt points to: somebody took a posting out of the tables. No text inside a line can look
# like its keys, because JSON writes a quote inside a text as \".
UNRECEIPTED_LINES = """
    SELECT a.group_id, 'line_without_receipt', format('audit line %s', a.seq),
           format('no receipt points to it, and it says %s', a.data)
      FROM audit_log a LEFT JOIN receipts r ON r.group_id = a.group_id AND r.seq = a.seq
     WHERE a.group_id BETWEEN :first AND :last AND a.data LIKE '%"receipt":%"entries":%' AND r.seq IS NULL"""

RESERVATIONS = """
    SELECT r.group_id, 'reservation_state',
           format('reservation of transaction %s on wallet %s', r.transaction_id, r.wallet_id),
           format('it is %s, its transaction is %s', r.state, coalesce(t.state, 'missing'))
      FROM reservations r LEFT JOIN transactions t ON t.group_id = r.group_id AND t.id = r.transaction_id
     WHERE r.group_id BETWEEN :first AND :last
       AND (t.state IS NULL OR (r.state = 'held') > (t.state IN ('pending', 'processing'))
            OR (r.state = 'settled') > (t.state IN ('completed', 'reversed')) OR NOT t.has_reservations)"""

# The chain says what was reserved and what was given back; what is left is what stands in the reservation, and of a
# released one the last line gave back just that.
RESERVATION_LINES = r"""
    SELECT coalesce(r.group_id, a.group_id), 'reservation_line',
           format('reservation of transaction %s on wallet %s', coalesce(r.transaction_id, a.transaction_id),
                  coalesce(r.wallet_id, a.wallet_id)),
           CASE WHEN a.group_id IS NULL THEN format('%s %s, and no line of the chain says so', r.amount_minor, r.state)
                WHEN r.group_id IS NULL THEN format('line %s reserves %s, and it is not there', a.seq, a.reserved)
                ELSE format('%s %s; the chain has %s reserved in line %s and %s released', r.amount_minor, r.state,
                            a.reserved, a.seq, a.released) END
      FROM (SELECT * FROM reservations WHERE group_id BETWEEN :first AND :last) r
      FULL JOIN (
        SELECT group_id, transaction_id, CAST(leg[1] AS bigint) AS wallet_id, min(seq) AS seq,
               coalesce(sum(CAST(leg[2] AS numeric)) FILTER (WHERE word = 'reserved'), 0) AS reserved,
               coalesce(sum(CAST(leg[2] AS numeric)) FILTER (WHERE word = 'released'), 0) AS released,
               (array_agg(CAST(leg[2] AS numeric) ORDER BY seq DESC))[1] AS last_amount
          FROM (SELECT group_id, seq,
                       CAST(substring(data FROM '"transaction":([0-9]{1,18})[,}]') AS bigint) AS transaction_id,
                       substring(data FROM '"(reserved|released)":\[\[') AS word,
                       substring(data FROM '(\[\[[0-9,\[\]]*\]\])\}$') AS legs
                  FROM audit_log WHERE group_id BETWEEN :first AND :last
                   AND (data LIKE '%"reserved":[[%' OR data LIKE '%"released":[[%')) line
         CROSS JOIN LATERAL regexp_matches(legs, '\[([0-9]{1,18}),([0-9]{1,19})\]', 'g') leg
         GROUP BY group_id, transaction_id, CAST(leg[1] AS bigint)) a
        ON a.group_id = r.group_id AND a.transaction_id = r.transaction_id AND a.wallet_id = r.wallet_id
     WHERE a.group_id IS NULL OR r.group_id IS NULL
        OR a.reserved - a.released <> CASE r.state WHEN 'released' THEN 0 ELSE r.amount_minor END
        OR r.state = 'released' AND a.last_amount <> r.amount_minor"""

# How a transaction ended without money: its state and the chain's line about it.
ENDINGS = r"""
    SELECT coalesce(t.group_id, a.group_id), 'ending_line', format('transaction %s', coalesce(t.id, a.transaction_id)),
           CASE WHEN a.seq IS NULL THEN format('it is %s, and no line of the chain says so', t.state)
                WHEN t.id IS NULL THEN format('line %s ends it (%s), and it is not there', a.seq, a.action)
                ELSE format('it is a %s and %s, line %s says %s', t.kind, t.state, a.seq, a.action) END
      FROM (SELECT group_id, id, kind, state FROM transactions WHERE group_id BETWEEN :first AND :last) t
      FULL JOIN (SELECT group_id, seq, action,
                        CAST(substring(data FROM '"transaction":([0-9]{1,18})[,}]') AS bigint) AS transaction_id
                   FROM audit_log WHERE group_id BETWEEN :first AND :last
                    AND action = ANY(:endings)
                    AND data LIKE '%"transaction":%' AND data LIKE '%"reason":%') a
        ON a.group_id = t.group_id AND a.transaction_id = t.id
     WHERE a.action IS DISTINCT FROM
           CASE WHEN t.state IN ('failed', 'expired', 'cancelled') THEN t.kind || '_' || t.state END"""

REVERSALS = """
    SELECT group_id, 'reversal', format('transaction %s', id), fault.detail
      FROM (SELECT coalesce(t.group_id, r.group_id) AS group_id, coalesce(t.id, r.reverses_id) AS id, t.state,
                   r.id AS reversal_id, r.kind AS reversal_kind,
                   (SELECT coalesce(array_agg((wallet_id, -CAST(amount_minor AS numeric)) ORDER BY wallet_id), '{}')
                      FROM entries e WHERE e.group_id = t.group_id AND e.transaction_id = t.id) AS opposite,
                   (SELECT coalesce(array_agg((wallet_id, CAST(amount_minor AS numeric)) ORDER BY wallet_id), '{}')
                      FROM entries e WHERE e.group_id = r.group_id AND e.transaction_id = r.id) AS entries
              FROM (SELECT group_id, id, state FROM transactions
                     WHERE group_id BETWEEN :first AND :last) t
              FULL JOIN (SELECT group_id, id, kind, reverses_id FROM transactions
                          WHERE group_id BETWEEN :first AND :last AND (kind = 'reversal' OR reverses_id IS NOT NULL)) r
                ON r.group_id = t.group_id AND r.reverses_id = t.id
             WHERE t.state = 'reversed' OR r.id IS NOT NULL) t
     CROSS JOIN LATERAL (VALUES
        (reversal_id IS NULL, 'it is reversed, and no transaction reverses it'),
        (reversal_id IS NOT NULL AND state IS DISTINCT FROM 'reversed',
         format('transaction %s reverses it, and it is %s', reversal_id, coalesce(state, 'not there'))),
        (reversal_id IS NOT NULL AND entries <> opposite,
         format('the entries of transaction %s are not the opposite of its own', reversal_id)))
        AS fault (found, detail)
     WHERE fault.found"""

# An approval is its votes, and it ended as they say.
APPROVALS = """
    SELECT group_id, fault.what, format('approval %s', id), fault.detail
      FROM (SELECT coalesce(a.group_id, v.group_id) AS group_id, coalesce(a.id, v.approval_id) AS id, a.state,
                   a.eligible, a.yes, a.no, coalesce(v.voters, 0) AS voters, coalesce(v.said_yes, 0) AS said_yes,
                   coalesce(v.said_no, 0) AS said_no
              FROM (SELECT group_id, id, state, eligible, yes, no
                      FROM approvals WHERE group_id BETWEEN :first AND :last) a
              FULL JOIN (SELECT group_id, approval_id, count(*) AS voters,
                                count(*) FILTER (WHERE choice = 'yes') AS said_yes,
                                count(*) FILTER (WHERE choice = 'no') AS said_no
                           FROM votes WHERE group_id BETWEEN :first AND :last GROUP BY group_id, approval_id) v
                ON v.group_id = a.group_id AND v.approval_id = a.id) a
     CROSS JOIN LATERAL (VALUES
        (state IS NULL, 'approval_missing', format('there are %s votes about it, but it is not there', voters)),
        ((eligible, yes, no) <> (voters, said_yes, said_no), 'approval_tally',
         format('it says %s yes and %s no of %s, its votes are %s yes and %s no of %s', yes, no, eligible, said_yes,
                said_no, voters)),
        (state = 'passed' AND 100 * said_yes < 51 * voters, 'approval_passed',
         format('it has passed with %s of %s', said_yes, voters))) AS fault (found, what, detail)
     WHERE fault.found"""

# What was asked, of whom, and how it ended, as `open_approval` and `end_vote` print it: one line for each.
APPROVAL_LINES = r"""
    SELECT coalesce(p.group_id, a.group_id), 'approval_line', format('approval %s', coalesce(p.id, a.approval_id)),
           CASE WHEN a.seq IS NULL THEN format('no line of the chain says what it says; expected %s', p.expected)
                WHEN p.id IS NULL THEN format('line %s says %s, the book nothing of the kind', a.seq, a.data)
                WHEN a.lines > 1 THEN format('%s lines say it, as does line %s', a.lines, a.seq)
                ELSE format('line %s says %s, the book says %s', a.seq, a.data, p.expected) END
      FROM (SELECT group_id, id, 'vote_opened' AS action,
                   format('{"approval":%s,"kind":"%s","member":%s,"amount":%s,"destination":%s,"facts":"%s",'
                          '"electorate":[%s]}', id, kind, coalesce(CAST(user_id AS text), 'null'),
                          coalesce(CAST(amount_minor AS text), 'null'),
                          coalesce(CAST(to_json(destination) AS text), 'null'), encode(facts_hash, 'hex'),
                          (SELECT string_agg(CAST(user_id AS text), ',' ORDER BY user_id) FROM votes v
                            WHERE v.group_id = approvals.group_id AND v.approval_id = approvals.id)) AS expected
              FROM approvals WHERE group_id BETWEEN :first AND :last
             UNION ALL
            SELECT group_id, id, 'vote_' || state,
                   format('{"approval":%s,"why":%s}', id, coalesce(CAST(to_json(ended_why) AS text), 'null'))
              FROM approvals WHERE group_id BETWEEN :first AND :last AND state <> 'open') p
      FULL JOIN (SELECT group_id, seq, action, data, approval_id,
                        count(*) OVER (PARTITION BY group_id, approval_id, action = 'vote_opened') AS lines
                   FROM (SELECT group_id, seq, action, data,
                                CAST(substring(data FROM '^\{"approval":([0-9]{1,18}),') AS bigint) AS approval_id
                           FROM audit_log WHERE group_id BETWEEN :first AND :last
                            AND action = ANY(:vote_lines)) line) a
        ON a.group_id = p.group_id AND a.approval_id = p.id AND a.action = p.action
     WHERE a.data IS DISTINCT FROM p.expected OR a.lines > 1"""

# Who voted for what, how and in whose name: one line for each vote that was cast, as `count_vote` prints it.
VOTE_LINES = r"""
    SELECT coalesce(v.group_id, a.group_id), 'vote_line',
           format('vote of member %s about approval %s', coalesce(v.user_id, a.member_id),
                  coalesce(v.approval_id, a.approval_id)),
           CASE WHEN a.seq IS NULL THEN format('it is %s, and no line of the chain says so', v.choice)
                WHEN v.user_id IS NULL THEN format('line %s says %s, and no such vote was cast', a.seq, a.choice)
                WHEN a.lines > 1 THEN format('%s lines say it, as does line %s', a.lines, a.seq)
                ELSE format('it is %s by %s, line %s says %s by %s of member %s', v.choice, v.channel, a.seq, a.choice,
                            a.channel, a.actor_id) END
      FROM (SELECT group_id, approval_id, user_id, choice, channel
              FROM votes WHERE group_id BETWEEN :first AND :last AND choice IS NOT NULL) v
      FULL JOIN (SELECT group_id, seq, actor_id, channel, CAST(said[1] AS bigint) AS approval_id,
                        CAST(said[2] AS bigint) AS member_id, said[3] AS choice,
                        count(*) OVER (PARTITION BY group_id, said[1], said[2]) AS lines
                   FROM (SELECT group_id, seq, actor_id, channel, regexp_match(data,
                                '^\{"approval":([0-9]{1,18}),"member":([0-9]{1,18}),"choice":"(yes|no)"') AS said
                           FROM audit_log WHERE group_id BETWEEN :first AND :last AND action = 'voted') line) a
        ON a.group_id = v.group_id AND a.approval_id = v.approval_id AND a.member_id = v.user_id
     WHERE (a.choice, a.channel, a.actor_id) IS DISTINCT FROM (v.choice, v.channel, v.user_id) OR a.lines > 1"""

# Money left only by a vote that has passed, about this member and this amount, once for each vote. Of the shorter
# lines of before there were votes, nothing is asked.
VOTED = f"""
    SELECT group_id, 'not_voted', format('transaction %s', id),
           CASE WHEN approval_id IS NULL THEN format('it is a %s, and it names no vote', kind)
                WHEN subject IS NULL THEN format('approval %s, by which it was done, is not there', approval_id)
                WHEN standing > 1 THEN format('%s transactions were done by approval %s', standing, approval_id)
                ELSE format('it is a %s of %s for member %s, approval %s is a %s of %s for member %s: %s with %s of %s',
                            kind, amount_minor, coalesce(CAST(user_id AS text), 'none'), approval_id, subject, asked,
                            coalesce(CAST(member_id AS text), 'none'), state, yes, eligible) END
      FROM (SELECT t.group_id, t.id, t.kind, t.user_id, t.amount_minor, t.approval_id, p.kind AS subject, p.state,
                   p.user_id AS member_id, p.amount_minor AS asked, p.yes, p.eligible,
                   count(*) FILTER (WHERE t.state = 'completed')
                       OVER (PARTITION BY t.group_id, t.approval_id) AS standing
              FROM transactions t
              JOIN receipts r ON r.group_id = t.group_id AND r.transaction_id = t.id
              JOIN ({FULL_LINES}) f ON f.group_id = r.group_id AND f.seq <= r.seq
              LEFT JOIN approvals p ON p.group_id = t.group_id AND p.id = t.approval_id
             WHERE t.group_id BETWEEN :first AND :last AND r.group_id BETWEEN :first AND :last
               AND t.kind = ANY(:decided) AND t.state IN ('completed', 'reversed')) t
     WHERE approval_id IS NULL OR subject IS NULL OR standing > 1 OR state <> 'passed' OR 100 * yes < 51 * eligible
        OR user_id IS DISTINCT FROM member_id OR amount_minor IS DISTINCT FROM asked
        OR NOT kind || ' by ' || subject = ANY(:decisions)"""  # noqa: S608

ALL = (
    CHAIN, ENTRIES, WALLETS, WALLET_LINES, POSTINGS, RECEIPTS, UNRECEIPTED_LINES, RESERVATIONS, RESERVATION_LINES,
    ENDINGS, REVERSALS, APPROVALS, APPROVAL_LINES, VOTE_LINES, VOTED, RETURNED,
)  # fmt: skip
CONSTANTS = {
    "decided": list(DECIDED_BY),
    "decisions": [f"{movement} by {subject}" for movement, subjects in DECIDED_BY.items() for subject in subjects],
    "vote_lines": [f"vote_{step}" for step in ("opened", "passed", "failed", "withdrawn", "void")],
    "returns": list(RETURNS),
    "payments": list(PAYMENTS),
    "credit_kinds": list(CREDIT_KINDS),
    "endings": [f"{movement}_{state}" for movement in MOVEMENTS for state in ("failed", "expired", "cancelled")],
}
