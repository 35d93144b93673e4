"""The machine's apt sources, in every form people have them."""

import pytest

from cti.provision.sources import Source, debian_mirrors, parse_deb822, parse_list, read_sources

DEB822 = """\
# the image's own comment
Types: deb
# a snapshot, commented out
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


def test_a_one_line_entry_with_options_and_comment() -> None:
    (source,) = parse_list("deb [arch=amd64 signed-by=/k.gpg] http://m.example/debian bookworm main contrib # mine\n")
    assert source == Source("http://m.example/debian", "bookworm", ("main", "contrib"), "/k.gpg")


@pytest.mark.parametrize(
    "line", ["", "# deb http://m/debian bookworm main", "deb-src http://m/debian bookworm main", "deb http://m/debian"]
)
def test_lines_that_offer_no_binary_packages(line: str) -> None:
    assert parse_list(line) == ()


def test_deb822_stanzas_give_one_source_for_each_suite() -> None:
    sources = parse_deb822(DEB822)
    assert [(source.uri, source.suite) for source in sources] == [
        ("http://mirror.example/debian", "bookworm"),
        ("http://mirror.example/debian", "bookworm-updates"),
        ("http://mirror.example/debian-security", "bookworm-security"),
    ]
    assert sources[0].signed_by == "/usr/share/keyrings/debian-archive-keyring.gpg"


@pytest.mark.parametrize("extra", ["Enabled: no", "Types: deb-src"])
def test_a_stanza_that_offers_nothing(extra: str) -> None:
    text = f"Types: deb\nURIs: http://m/debian\nSuites: sid\nComponents: main\n{extra}\n"
    assert parse_deb822(text) == ()


def test_an_embedded_key_is_no_path_and_its_lines_are_no_fields() -> None:
    text = "Types: deb\nURIs: http://m/debian\nSuites: trixie\nComponents: main\nSigned-By:\n -----BEGIN PGP\n .\n URIs: evil\n"
    (source,) = parse_deb822(text)
    assert (source.uri, source.signed_by) == ("http://m/debian", "")


def test_the_mirror_of_debian_itself_comes_before_other_vendors_with_the_same_words() -> None:
    vendors = parse_list(
        "deb https://packages.vendor.example/debian/12/prod bookworm main\n"
        "deb https://vendor.example/linux/debian bookworm main\n"
        "deb https://node.example/node_20.x nodistro main\n"
        "deb https://sql.example/apt bookworm-pgdg main\n"
    )
    mirrors = debian_mirrors([*vendors, *parse_deb822(DEB822)], "bookworm")
    assert mirrors[0] == "http://mirror.example/debian"
    assert "https://node.example/node_20.x" not in mirrors
    assert "https://sql.example/apt" not in mirrors
    assert not any("security" in mirror for mirror in mirrors)


def test_a_mirror_is_found_without_any_keyring_named() -> None:
    text = "deb http://ftp.example/debian/ trixie main\ndeb http://ftp.example/debian/ trixie-updates main\n"
    assert debian_mirrors(parse_list(text)) == ("http://ftp.example/debian",)


def test_a_mirror_list_file_as_cloud_images_have_it() -> None:
    text = "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm bookworm-updates\nComponents: main\n"
    assert debian_mirrors(parse_deb822(text)) == ("mirror+file:///etc/apt/mirrors/debian.list",)


def test_all_files_are_read_as_apt_reads_them(tmp_path) -> None:
    (tmp_path / "sources.list").write_text("deb http://a/debian sid main\n")
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "b.list").write_text("deb http://b/debian sid main\n")
    (parts / "c.sources").write_text(DEB822)
    (parts / "d.list.disabled").write_text("deb http://d/debian sid main\n")
    assert [source.uri for source in read_sources(tmp_path)][:3] == [
        "http://a/debian",
        "http://b/debian",
        "http://mirror.example/debian",
    ]
    assert not any(source.uri == "http://d/debian" for source in read_sources(tmp_path))


def test_a_machine_without_apt_has_no_sources(tmp_path) -> None:
    assert read_sources(tmp_path / "none") == ()
