"""The debugger's screen. Needs Textual, which the extra `debug` brings."""
