"""A real Chromium without a screen, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import os
from typing import TYPE_CHECKING, Any

import aiohttp

from cti.provision.tools import find_tool
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

DEADLINE_SECONDS = 60
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{prefix}/usr/share/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{cache}</cachedir></fontconfig>"""


class Page:
    """The one tab. `complaints` are what the page logged as errors: faults of scripts, things its own rules forbid."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._seen: set[str] = set()
        self.complaints: list[str] = []

    async def open(self, address: str) -> None:
        """Load an address and wait until the page is there."""
        async with self.loads():
            await self.send("Page.navigate", url=address)

    @contextlib.asynccontextmanager
    async def loads(self) -> AsyncIterator[None]:
        """Wait at the end until a page was loaded, for whatever reason."""
        self._seen.discard("Page.loadEventFired")
        yield
        async with asyncio.timeout(DEADLINE_SECONDS):
            while "Page.loadEventFired" not in self._seen:
                await self._next()

    async def value(self, script: str) -> Any:
        """Return what a JavaScript expression gives, as JSON carries it."""
        answer = await self.send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def prefer(self, scheme: str) -> None:
        """Be somebody who prefers `light` or `dark`."""
        await self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    async def sized(self, width: int, height: int) -> None:
        """Be a screen of so many pixels; a phone when it is narrow."""
        await self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    async def until(self, script: str) -> None:
        """Wait until a JavaScript expression is true."""

        async def true() -> bool:
            return bool(await self.value(script))

        await eventually(true, DEADLINE_SECONDS, script)

    async def press(self, key: str) -> None:
        """Press and release Tab, Enter or Escape."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27}
        typed = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key], **typed if kind == "keyDown" else {})

    async def picture(self, path: Path) -> None:
        """Keep what is seen, as PNG."""
        shot = await self.send("Page.captureScreenshot")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(shot["data"]))

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the browser something; its answer."""
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(DEADLINE_SECONDS):
            while (message := await self._next()).get("id") != number:
                pass
        assert "error" not in message, message
        return message["result"]

    async def _next(self) -> dict[str, Any]:
        message = await self._socket.receive_json()
        self._seen.add(message.get("method", ""))
        if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
            self.complaints.append(message["params"]["entry"]["text"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(message["params"]["exceptionDetails"]))
        return message


@contextlib.asynccontextmanager
async def browser(folder: Path, width: int = 1400, height: int = 900) -> AsyncIterator[Page]:
    """Start a browser with a profile of its own below `folder`; its one tab."""
    tool = await asyncio.to_thread(find_tool, "chromium")
    prefix = tool.argv[0].partition("/usr/")[0]
    fonts = folder / "fonts.conf"
    fonts.write_text(FONTS.format(prefix=prefix, cache=folder / "fonts"), encoding="utf-8")
    options = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
        "--remote-debugging-port=0", f"--user-data-dir={folder / 'profile'}", f"--window-size={width},{height}", "about:blank",
    ]  # fmt: skip
    with (folder / "browser.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *tool.argv, *options, stdout=log, stderr=log,
            env={**os.environ, **tool.env, "FONTCONFIG_FILE": str(fonts), "HOME": str(folder)},
        )  # fmt: skip
        try:
            async with _tab(folder / "profile/DevToolsActivePort", process) as page:
                yield page
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(DEADLINE_SECONDS):
                await process.wait()


@contextlib.asynccontextmanager
async def _tab(written: Path, process: asyncio.subprocess.Process) -> AsyncIterator[Page]:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while (port := _port(written)) is None:
            assert process.returncode is None, f"the browser ended; see {written.parents[1] / 'browser.log'}"
            await asyncio.sleep(0.05)
    async with aiohttp.ClientSession() as client:
        async with client.get(f"http://127.0.0.1:{port}/json/list") as answer:
            tabs = await answer.json(content_type=None)
        address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        async with client.ws_connect(address, max_msg_size=0) as socket:
            page = Page(socket)
            for domain in ("Page", "Runtime", "Log"):
                await page.send(f"{domain}.enable")
            yield page


def _port(written: Path) -> int | None:
    """Return the port the browser wrote down, None while it has not."""
    try:
        first, newline, _ = written.read_text().partition("\n")
    except OSError:
        return None
    return int(first) if newline else None
