"""Languages: sentences that can be said in more than one, and the catalogues that say how."""
