"""The engine's twin: the very engine under a virtual clock, with callers and agents drawn from seeded streams."""
