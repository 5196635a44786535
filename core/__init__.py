"""The house's plumbing: settings, database, outbox, queues, clock, money, phones. Knows no savings group."""
