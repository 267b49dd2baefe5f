"""For other people's suites: words that matter, random guests, lock step with its coverage. Nothing here is random."""
