"""The engine: values, ops, the recorded graph, its two sweeps, and the levels of nested transforms.

Read in this order: `op.py` (what a call does), `families.py` (what a declaration says), `graph.py` and `sweeps.py` (the
recorded graph, swept both ways), `levels.py` (forward mode and batching). Nothing here knows any particular op; those
are in `ops/`.
"""
