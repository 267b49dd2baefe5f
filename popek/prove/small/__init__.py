"""A second way to decide, for small machines: states are written down and stepped, one after the other.

Nothing here knows a solver, a translation lemma or an argument from the structure of an expression; it is there so that
the proofs can be held against something that was thought out separately.
"""
