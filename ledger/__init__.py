"""The truth about money and who may decide about it. Knows no Flask, no HTTP and no RQ."""
