"""Leaving without waiting for a collector that does not answer."""

import asyncio
import contextlib
import threading

from opentelemetry.sdk.trace import TracerProvider


async def flushed(provider: TracerProvider, seconds: float) -> None:
    """Send what is left and shut down, for so long at most; what is still under way then ends with the process."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def shut_down() -> None:
        provider.shutdown()
        with contextlib.suppress(RuntimeError):  # nobody waits any more: the loop is closed
            loop.call_soon_threadsafe(done.set)

    # no executor: leaving would wait for its threads
    threading.Thread(target=shut_down, name="traces", daemon=True).start()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await done.wait()
