"""The native engine: guest code as machine code, from the same expressions that everything else reads."""
