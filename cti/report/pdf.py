"""A report's page as PDF: a browser without a screen prints it on A4."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from cti.provision.programs import Tool
from cti.provision.tools import find_tool, silent

PRINT_SECONDS = 120
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{prefix}/usr/share/fonts</dir><dir>/usr/share/fonts</dir><dir prefix="xdg">fonts</dir><cachedir>{cache}</cachedir></fontconfig>"""


class PdfError(Exception):
    """It could not be printed; the message says why, and what to do instead."""


def print_pdf(page: str, output: Path) -> None:
    """Write a page as PDF.

    Args:
        page: HTML that needs nothing else and has no script, for it is opened without the browser's sandbox.
        output: the file; its folder must be there.

    Raises:
        PdfError: the browser did not print it.
        ProvisionError: there is no browser, and none can be fetched.
        OSError: the file cannot be written.

    """
    tool = _browser()
    with tempfile.TemporaryDirectory(prefix="hotline-report-") as name:
        folder = Path(name)
        source, made = folder / "report.html", folder / "report.pdf"
        source.write_text(page, encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-pdf-header-footer"]
        command = [*tool.argv, *options, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={made}", source.as_uri()]
        _run(command, {**os.environ, **tool.env, **_fonts(tool, folder), "HOME": name})
        if not made.exists():
            raise PdfError("the browser wrote no PDF. Write the report as .html, open it, and print it there.")
        shutil.copyfile(made, output)


def _browser() -> Tool:
    found = next((path for path in map(shutil.which, _BROWSERS) if path is not None), None)
    return Tool((found,)) if found is not None else find_tool("chromium", progress=silent)


def _fonts(tool: Tool, folder: Path) -> dict[str, str]:
    """Let a browser of our own find its fonts; one of the system knows them."""
    if not tool.env:
        return {}
    prefix = tool.argv[0].partition("/usr/")[0]
    fonts = folder / "fonts.conf"
    fonts.write_text(_FONTS.format(prefix=prefix, cache=folder / "fonts"), encoding="utf-8")
    return {"FONTCONFIG_FILE": str(fonts)}


def _run(command: list[str], environment: dict[str, str]) -> None:
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=PRINT_SECONDS, check=False)  # noqa: S603 - the browser that was found
    except subprocess.TimeoutExpired:
        raise PdfError(f"the browser did not print it within {PRINT_SECONDS} s. Write the report as .html, open it, and print it there.") from None
    if done.returncode != 0:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise PdfError(f"the browser ended with status {done.returncode} ({' '.join(last)}). Write the report as .html, open it, and print it there.")
