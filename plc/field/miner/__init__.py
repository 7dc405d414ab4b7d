"""The miners: one thread each that keeps a miner at what the plant wishes, and says what is so.

Reading order: `model` (our words for what a miner says), `settings`, `levels`, `ledger` (the limits),
`reconcile` (what to write next, pure), `recovery`, `observe`, `session`, `driver`. Generated code is
imported by `api` alone.
"""
