"""Claims, decided by a solver: classes and theorems."""
