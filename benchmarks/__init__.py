"""How fast the product is, as ratios to what the same machine can do without it.

A rate alone says more about the machine than about the code, and a shared machine drifts. So every measurement runs
in short rounds beside its own limit: a route that only checks the signature, or pgbench with the same SQL.
"""
