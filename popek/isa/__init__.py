"""What the machine means: expressions, instructions, state, encoding, assembler, the shipped ISAs."""
