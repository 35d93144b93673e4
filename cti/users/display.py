"""The wall display's token: in a file of the run folder's secrets, made and revoked by `hotline wallboard token`."""

from pathlib import Path

from cti.supervisor.secrets import secret

_FILE = "display-token"


def token_path(run_dir: Path) -> Path:
    """Return where it is kept."""
    return run_dir / "secrets" / _FILE


def make_token(run_dir: Path, *, anew: bool) -> str:
    """Return the token, made if there is none or `anew`: then the old one is worth nothing any more. Raises OSError."""
    if anew:
        revoke_token(run_dir)
    return secret(token_path(run_dir).parent, _FILE)


def revoke_token(run_dir: Path) -> bool:
    """Make every display link worthless; tell whether there was one. Raises OSError."""
    path = token_path(run_dir)
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def read_token(path: Path) -> str:
    """Return the token of this file. Raises OSError."""
    return path.read_text(encoding="ascii", errors="replace").strip()
