"""The files of deploy/ that no other test starts: do they name what exists, and keep their promises?"""

import re
from pathlib import Path

import yaml

from cti.cli.main import build_app
from cti.supervisor.settings import RunSettings

PROJECT = Path(__file__).parents[3]
DEPLOY = PROJECT / "deploy"


def commands() -> set[str]:
    app = build_app()
    return {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}


def test_the_compose_file_starts_commands_and_mounts_folders_that_exist() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert services.keys() == {"asterisk", "server", "redis", "prometheus", "grafana"}
    assert {services[name]["command"][0] for name in ("asterisk", "server")} <= commands()
    mounts = [volume.split(":")[0] for service in services.values() for volume in service["volumes"]]
    assert [mount for mount in mounts if mount.startswith(".") and not (DEPLOY / mount).is_dir()] == []


def test_every_container_is_without_capabilities_and_fixed_to_a_version() -> None:
    for name, service in yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "build" in service or re.fullmatch(r"[a-z/]+:v?\d+\.\d+(\.\d+)?", service["image"]), name


def test_the_compose_file_sets_variables_that_are_read() -> None:
    known = {f"HOTLINE_{name.upper()}" for name in RunSettings.model_fields}
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services["asterisk"]["environment"]) <= known


def test_the_image_copies_what_exists() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    sources = [word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for word in line.split()]
    assert len(sources) >= 8
    assert [source for source in sources if not (PROJECT / source).exists()] == []


def test_prometheus_scrapes_the_default_port() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    (target,) = config["scrape_configs"][0]["static_configs"][0]["targets"]
    assert target == f"127.0.0.1:{RunSettings.model_fields['http_port'].default}"


def test_the_unit_starts_again_for_ever_but_not_against_bad_input_or_another_owner() -> None:
    unit = (DEPLOY / "systemd" / "hotline.service").read_text()
    for line in (
        "Restart=always",
        "RestartSec=200ms",
        "StartLimitIntervalSec=0",
        "RestartPreventExitStatus=2",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
    ):
        assert f"\n{line}\n" in unit
