from pathlib import Path

import pytest

from cti.backends import OPERATIONS, BackendInvalid
from cti.backends.base import reveal
from cti.backends.catalogue import known_operations
from cti.backends.config import read_backends_config
from cti.backends.http import HttpAddress
from cti.backends.rules import ServiceRules
from ivr.document import BadDocument
from ivr.secret import Secret


def test_secrets_are_revealed_whether_wrapped_or_not():
    assert reveal(Secret("1234")) == reveal("1234") == "1234"


def test_the_flow_checker_learns_all_fields_of_a_reply():
    known = known_operations()
    assert set(known) == set(OPERATIONS)
    assert {"customer", "customer.account", "customer.star_level", "locked"} <= known["verify_pin"].reply
    assert "last_bill.energy_kwh" in known["balance"].reply
    assert known["verify_pin"].secret == {"pin"}
    assert known["create_ticket"].effect
    assert not known["balance"].effect


@pytest.mark.parametrize(
    ("operation", "reply", "field"),
    [
        ("customer_by_number", {"found": True}, "customer"),
        ("customer_by_number", {"found": "true"}, "found"),
        ("verify_pin", {"verified": True, "locked": True, "customer": None}, "customer"),
        ("balance", {"balance_cents": 12.5}, "balance_cents"),
        ("balance", {"balance_cents": True}, "balance_cents"),
        ("balance", {"balance_cents": 10**15}, "balance_cents"),
        ("balance", {"balance_cents": 1, "due_date": "31.12.2026"}, "due_date"),
        ("balance", {"balance_cents": 1, "due_date": "2026-02-30"}, "due_date"),
        ("outage_at", {"known": True, "restore_at": "2026-11-21T10:00:00"}, "restore_at"),
        ("create_ticket", {"ticket": "AB-1", "deadline": "2026-11-21T10:00:00+08:00"}, "ticket"),
        ("create_ticket", [], "reply"),
        ("create_ticket", None, "reply"),
    ],
)
def test_a_reply_outside_its_schema_names_the_field_and_not_the_value(operation, reply, field):
    with pytest.raises(BackendInvalid, match=field) as caught:
        OPERATIONS[operation].checked_reply(reply)
    assert "AB-1" not in str(caught.value)


def test_callers_numbers_are_tried_in_every_form():
    rules = ServiceRules()
    assert rules.number_forms("+86 138-0013-8001") == ("8613800138001", "13800138001")
    assert rules.number_forms("008613800138001") == ("008613800138001", "8613800138001", "13800138001")
    assert rules.number_forms("8612345") == ("8612345",), "a short number may begin with the country code's digits"
    assert rules.number_forms("anonymous") == ()


GOOD = "version: 1\nbackends:\n  main: {type: sql}\n"


def test_the_shipped_configuration_is_read():
    text = (Path(__file__).parents[3] / "config" / "backends.yaml").read_text(encoding="utf-8")
    config = read_backends_config(text, "config/backends.yaml")
    assert set(config.backends) == {"accounts", "tickets"}
    assert config.repair_hours.model_dump() == {"diamond": 4, "gold": 8, "silver": 24, "basic": 48}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (GOOD + "repair_hours: {gold: 0}\n", "b.yaml:4:16"),
        (GOOD + "repair_hour: {gold: 1}\n", "b.yaml:4:1"),
        (GOOD + "lockout:\n  max_tries: three\n", "b.yaml:5:3"),
        ("version: 1\nbackends:\n  main:\n    type: http\n", "b.yaml:3:3"),
        ("version: 1\nbackends:\n  crm: {type: http, url: 'http://example.org'}\n", "b.yaml:3:3"),
        ("version: 1\nbackends: {}\n", "b.yaml:2:1"),
        ("- 1\n", "b.yaml:1:1"),
    ],
)
def test_faults_are_told_with_their_place(text, place):
    with pytest.raises(BadDocument) as caught:
        read_backends_config(text, "b.yaml")
    assert str(caught.value.findings[0]).startswith(place)


def test_a_token_is_not_shown():
    text = "version: 1\nbackends:\n  crm: {type: http, url: 'https://example.org', token: hush1234}\n"
    assert "hush1234" not in repr(read_backends_config(text, "b.yaml"))
    assert "hush1234" not in repr(HttpAddress("https://example.org", Secret("hush1234")))


@pytest.mark.parametrize("url", ["ftp://x", "https://", "https://u:p@h/", "https://h/?q=1", "http://example.org", "x"])
def test_unfit_addresses_are_refused(url):
    with pytest.raises(ValueError):
        HttpAddress(url)


@pytest.mark.parametrize("url", ["https://h:8443/api", "http://127.0.0.1:1", "http://localhost/x"])
def test_fit_addresses_are_taken(url):
    assert HttpAddress(url).url == url


def test_plain_http_can_be_chosen_knowingly():
    assert HttpAddress("http://example.org", allow_plain_http=True).allow_plain_http
