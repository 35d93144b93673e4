"""The acceptance test rig: a real Asterisk, the server as a subprocess, and callers and agents that listen.

Signalling is SIPp's; the RTP belongs to the test. See `listener` for the caller who names what he hears.
"""
