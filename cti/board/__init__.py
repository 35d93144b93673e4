"""The live board: its document, today's figures, what each role sees of it, and the stream to the browsers."""
