"""The architecture catalogue: one module per family, each a model of the privileged architecture."""
