"""For all tests."""

import asyncio
import signal

# Otherwise pytest-asyncio asks for a current loop, Python makes one, nobody closes it, and the warning fails some later test.
asyncio.set_event_loop(None)

# A shell starts what runs beside (`&`) with Ctrl-C ignored, and programs inherit it: the ones tested here must hear their Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
