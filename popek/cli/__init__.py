"""The terminal: a command parses, calls one library function, shows one value, exits with its truth."""
