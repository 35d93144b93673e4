"""Which Asterisk is fit."""

import pytest

from cti.provision.versions import AsteriskVersion, parse_version, why_refused


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1", (22, 10, 1)),
        ("Asterisk 20.6.0~dfsg+~cs6.13.40431414-2build5", (20, 6, 0)),
        ("Asterisk certified/20.7-cert2", (20, 7, 0)),
        ("23.0.0", (23, 0, 0)),
    ],
)
def test_versions_as_asterisk_writes_them(said: str, version: tuple[int, int, int]) -> None:
    assert parse_version(said) == AsteriskVersion(*version)


def test_what_is_no_version() -> None:
    assert parse_version("Asterisk GIT-master-1a2b3c") is None


@pytest.mark.parametrize("text", ["20.16.0", "20.20.1", "21.11.0", "22.6.0", "22.10.1", "23.0.0", "23.4.0", "24.0.0"])
def test_fit(text: str) -> None:
    version = parse_version(text)
    assert version is not None
    assert why_refused(version) is None


@pytest.mark.parametrize("text", ["13.38.3", "18.26.0", "19.8.1", "20.15.2", "21.10.9", "22.5.2"])
def test_refused_with_the_reason_and_what_is_needed(text: str) -> None:
    version = parse_version(text)
    assert version is not None
    reason = why_refused(version)
    assert reason is not None
    assert "lose a caller" in reason
    assert "20.16, 21.11, 22.6, 23.0 or newer" in reason
