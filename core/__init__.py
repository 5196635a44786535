"""The plumbing: settings, database, outbox, queues, clock, money, phones, seals, storage. Knows no savings group."""
