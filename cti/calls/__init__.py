"""One task per call: it performs what the interpreter wants on the caller's channel."""
