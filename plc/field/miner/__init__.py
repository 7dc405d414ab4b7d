"""The miners: one thread each that keeps a miner at what the plant wishes, and says what is so.

Reading order: `model` (our words for what a miner says), `settings`, `levels`, `ledger` (the limits),
`observe` (what polls mean), `efficiency` (the curve), `reconcile` with `pausing` (what to write next;
pure), `recovery`, `session`, `poll`, `writer`, `report`, `driver`. Generated code is imported by `api`
alone, gRPC by `channel` alone.
"""
