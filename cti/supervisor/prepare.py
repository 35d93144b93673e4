"""Everything before the first start: programs, prompts, music, ports, configuration, the demo company."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import yaml
from sqlalchemy.exc import SQLAlchemyError

from cti.asterisk.options import RuntimeOptions
from cti.asterisk.runtime import render_runtime
from cti.cli.check import check_project
from cti.database.demo import add_demo
from cti.database.migrate import UnknownRevisionError
from cti.prompts.build import build_music, build_prompts
from cti.prompts.voices import find_speaker
from cti.prompts.wanted import wanted_prompts
from cti.provision.asterisk import AsteriskInstall, find_asterisk
from cti.provision.errors import ProvisionError, SettingError
from cti.provision.tools import find_tool
from cti.supervisor.plan import asterisk_options, server_settings
from cti.supervisor.ports import complaints
from cti.supervisor.settings import RunSettings
from ivr.document import BadDocument, Severity

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is needed to start: the Asterisk found and what its configuration was rendered from."""

    install: AsteriskInstall
    options: RuntimeOptions


def prepare(settings: RunSettings, say: Say) -> Prepared:
    """Bring and write everything. What is there already costs next to nothing.

    Raises SettingError, ProvisionError, TemplateError, PromptError or BadDocument with the cure.
    """
    problems = complaints(settings)
    if problems:
        raise SettingError("\n".join(problems))
    check_files(settings)
    install = find_asterisk(settings.asterisk, progress=say)
    say(f"Asterisk {install.version} ({install.origin.value})")
    prepare_sound(settings, say)
    options = asterisk_options(settings)
    render_runtime(install, settings.layout, options)
    write_settings(settings, options)
    prepare_demo(settings, say)
    return Prepared(install, options)


def check_files(settings: RunSettings) -> None:
    """Check flows and configuration before anything is brought. Raises BadDocument with every error in them."""
    checked = check_project(settings.flows_dir, settings.config_dir)
    if checked.errors:
        raise BadDocument([finding for finding in checked.findings if finding.severity is Severity.ERROR])


def prepare_sound(settings: RunSettings, say: Say) -> None:
    """Bring prompts and music up to date."""
    find_tool("espeak-ng", progress=say)
    if settings.music_dir is None and build_music(settings.music):
        say("hold music: made")

    def progress(done: int, total: int) -> None:
        if done == total or done % 100 == 0:
            say(f"prompts: {done} of {total}")

    wanted = wanted_prompts(settings.flows_dir)
    report = build_prompts(
        wanted, settings.sounds, find_speaker(), recordings=settings.recordings_dir, progress=progress
    )
    say(f"prompts: {len(report.rendered)} made, {report.kept} up to date")
    if report.stale:
        say(f"prompts: {len(report.stale)} recordings are of another text, see `hotline prompts missing`")


def prepare_demo(settings: RunSettings, say: Say) -> None:
    """Put the demo customers into the embedded database and renew their outages; a database named by the user is left alone."""
    if settings.database_url or not settings.demo:
        return
    try:
        _try_writing(settings.embedded_database)
        added = asyncio.run(add_demo(settings.embedded_database))
    except UnknownRevisionError as error:
        raise ProvisionError(str(error)) from error
    except (sqlite3.Error, SQLAlchemyError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise SettingError(
            f"{settings.embedded_database} cannot be used: {reason}. See that {settings.layout.root} may be written, or set HOTLINE_RUN_DIR."
        ) from error
    if added:
        say(f"demo: {added} customers added, see docs/demo.md")


def _try_writing(url: str) -> None:
    """Raise sqlite3.Error unless the file can be written. First by hand: aiosqlite's thread complains aloud of a file it cannot open."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as probe:
        probe.execute("BEGIN IMMEDIATE")
        probe.rollback()


def write_settings(settings: RunSettings, options: RuntimeOptions) -> None:
    """Write the server's settings file; it holds passwords, so only its owner may read it."""
    path = settings.layout.settings
    fresh = path.with_suffix(".part")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("# Written by `hotline run` at each start; set HOTLINE_… variables instead of editing it.\n")
        yaml.safe_dump(server_settings(settings, options), file, allow_unicode=True, sort_keys=False)
    fresh.replace(path)
