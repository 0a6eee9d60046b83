"""Ledgers: what each account keeps about a twin, entry by entry (spec/trusted-twin.md section 7).

A ledger is stored as the JSON that a client reads, so that nearly every read answers it as it is.
A reference has a copy of its source's value, an include only the name of it.
"""
