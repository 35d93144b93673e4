import subprocess
import sys


def hotline(*arguments: str, folder: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cti.cli.main", "db", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={"HOTLINE_RUN_DIR": folder, "PATH": ""}
    )


def test_upgrade_and_demo_and_again(tmp_path):
    address = ("--database", f"sqlite:///{tmp_path}/hotline.db")
    first, again = hotline("upgrade", *address, folder=""), hotline("upgrade", *address, folder="")
    assert (first.returncode, first.stdout) == (0, "The database is up to date now.\n")
    assert (again.returncode, again.stdout) == (0, "The database was up to date already.\n")
    assert hotline("demo", *address, folder="").stdout.startswith("32 demo customers added")
    assert hotline("demo", *address, folder="").stdout.startswith("The demo customers were all there")


def test_bad_input_ends_with_two_and_a_cure(tmp_path):
    for arguments in (("upgrade", "--database", "mysql://h/d"), ("demo",)):
        done = hotline(*arguments, folder=str(tmp_path))
        assert done.returncode == 2
        assert "sqlite:///" in done.stderr or "--database" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_database_that_cannot_be_used_is_told(tmp_path):
    (tmp_path / "hotline.db").write_bytes(b"no database " * 1000)
    done = hotline("upgrade", "--database", f"sqlite:///{tmp_path}/hotline.db", folder="")
    assert done.returncode == 1
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
