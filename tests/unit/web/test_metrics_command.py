"""`hotline metrics`: the sizes of any configuration, and what it says of one it cannot read."""

from pathlib import Path

from typer.testing import CliRunner

from cti.cli.main import build_app
from cti.metrics.catalogue import DEFINITIONS, series
from cti.metrics.table import demo_names

PROJECT = Path(__file__).parents[3]


def run(*arguments):
    return CliRunner().invoke(build_app(), ["metrics", *map(str, arguments)])


def test_the_sizes_of_the_demo_are_told_by_metric_and_all_together():
    done = run("--config-dir", PROJECT / "config", "--flows-dir", PROJECT / "flows")
    *lines, total = done.output.splitlines()
    assert done.exit_code == 0
    assert total.split()[0] == f"{series(demo_names()):,}"
    sizes = {line.split()[1]: int(line.split()[0].replace(",", "")) for line in lines}
    assert sizes == {definition.name: definition.series(demo_names()) for definition in DEFINITIONS}
    assert list(sizes.values()) == sorted(sizes.values(), reverse=True)


def test_a_folder_without_a_configuration_is_named(tmp_path):
    done = run("--config-dir", tmp_path, "--flows-dir", PROJECT / "flows")
    assert (done.exit_code, str(tmp_path) in done.output, "Traceback" in done.output) == (2, True, False)


def test_a_fault_in_the_configuration_is_told_with_its_place(tmp_path):
    for name in ("queues", "tiers", "agents", "backends", "dialing"):
        (tmp_path / f"{name}.yaml").write_text((PROJECT / "config" / f"{name}.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "backends.yaml").write_text("version: 1\nbackends: 3\n", encoding="utf-8")
    done = run("--config-dir", tmp_path, "--flows-dir", PROJECT / "flows")
    assert (done.exit_code, "backends.yaml:2" in done.output) == (2, True)
