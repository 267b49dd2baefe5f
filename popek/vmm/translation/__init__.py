"""Dynamic binary translation: the guest's code, block by block, in a cache that is fetched from without R.

`own_pc` is what becomes of an instruction that is copied, and is what the proof speaks of; `translator` makes blocks,
`cache` keeps them, coherent with the guest's memory, and `code` runs them.
"""
