"""For all tests."""

import asyncio

# Otherwise pytest-asyncio asks for a current loop, Python makes one, nobody closes it, and the warning fails some later test.
asyncio.set_event_loop(None)
