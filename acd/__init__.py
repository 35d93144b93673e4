"""The routing engine: pure decisions, no clock, no I/O. `Engine.handle(event, now)` is the one door."""
