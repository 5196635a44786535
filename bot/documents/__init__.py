"""What a member can print, pass on or look at: statements, receipts, charts. No database, no network."""
