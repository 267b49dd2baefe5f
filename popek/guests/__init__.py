"""Guest programs, `*.s`, each with what it teaches and its expected result in its header; `library` finds them."""
