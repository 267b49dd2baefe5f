"""The library: one function for each command, on names as well as on values. The names are gathered in `popek`."""
