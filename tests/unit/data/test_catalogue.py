import re
from pathlib import Path

import pytest

from cti.backends import OPERATIONS, BackendInvalid
from cti.backends.base import reveal
from cti.backends.catalogue import known_operations
from cti.backends.config import read_backends_config
from cti.backends.gateway import SmsState
from cti.backends.http import HttpAddress
from cti.backends.rules import ServiceRules
from cti.backends.text_messages import number_pattern
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
    assert config.services["tariff"].own == "/demo"
    assert config.gateways["sms"].rules.allows("13800138001")
    assert not config.gateways["sms"].rules.allows("02112345678")
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
        (GOOD + "services:\n  a: {url: 'http://example.org'}\n", "b.yaml:5:3"),
        (GOOD + "services:\n  a: {url: 'https://u:p@example.org'}\n", "b.yaml:5:3"),
        (GOOD + "services:\n  a: {url: 'https://example.org', headers: {'X Y': z}}\n", "b.yaml:5:45"),
        (GOOD + "services:\n  A: {url: 'https://example.org'}\n", "b.yaml:5:3"),
        (GOOD + "services:\n  main: {url: 'https://example.org'}\n", "b.yaml:1:1"),
        (GOOD + "gateways:\n  a: {type: outbox, numbers: ['1[3-9']}\n", "b.yaml:5:31"),
        (GOOD + "gateways:\n  a: {type: pigeon}\n", "b.yaml:5:7"),
        (GOOD + "gateways:\n  a: {type: http, url: 'https://example.org', fields: {to: '${number}'}}\n", "b.yaml:5:3"),
        (
            GOOD + "gateways:\n  a: {type: http, url: 'https://example.org', fields: {to: '${numbr}', c: '${text}'}}\n",
            "b.yaml:5:3",
        ),
        (GOOD + "gateways:\n  a: {type: outbox, per_number: 0}\n", "b.yaml:5:21"),
    ],
)
def test_faults_are_told_with_their_place(text, place):
    with pytest.raises(BadDocument) as caught:
        read_backends_config(text, "b.yaml")
    assert str(caught.value.findings[0]).startswith(place)


def test_what_services_and_gateways_are_asked_with_is_read():
    text = GOOD + (
        "services:\n  parcels: {url: 'https://p.example.org/v2', token: hush1234, headers: {X-Key: hush5678}}\n  own: {url: 'hotline:/demo'}\n"
        "gateways:\n  carrier:\n    type: http\n    url: https://s.example.org\n    numbers: ['+1.', '1[3-9]XXXXXXXXX']\n"
        "    fields: {to: '${number}', more: [{content: '【x】${text}'}]}\n    success: {code: 0, ok: true}\n"
    )
    config = read_backends_config(text, "b.yaml")
    assert config.names == ("main", "parcels", "own", "carrier")
    assert (config.services["parcels"].own, config.services["own"].own) == ("", "/demo")
    assert "hush" not in repr(config)
    assert config.gateways["carrier"].rules.allows("+14155550100")
    assert not config.gateways["carrier"].rules.allows("14155550100a")


def test_the_documented_services_and_gateways_are_read():
    page = (Path(__file__).parents[3] / "docs" / "services.md").read_text(encoding="utf-8")
    text = GOOD + "".join(re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE))
    assert read_backends_config(text, "b.yaml").names == ("main", "parcels", "tariff", "sms", "carrier")
    assert all(f"`{state}`" in page for state in SmsState)


@pytest.mark.parametrize(
    ("mask", "fits", "others"),
    [
        ("1[3-9]XXXXXXXXX", ["13800138001"], ["12800138001", "138001380010", "1380013800"]),
        ("ZN.", ["123", "92345"], ["12", "013"]),
        ("[135]0", ["10", "30"], ["20"]),
        ("+1.", ["+12"], ["12", "+1"]),
    ],
)
def test_masks_of_numbers_mean_what_asterisks_do(mask, fits, others):
    assert all(number_pattern(mask).fullmatch(number) for number in fits)
    assert not any(number_pattern(mask).fullmatch(number) for number in others)


@pytest.mark.parametrize("mask", ["", ".", "1.2", "1[3", "[a-z]", "+", "1 2", ".*", "(1|2)"])
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(ValueError, match="no mask"):
        number_pattern(mask)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("+8613800138001", "13800138001"), ("008613800138001", "13800138001"), ("8613800138001", "13800138001"), ("138 0013-8001", "13800138001"),
        ("+14155550100", "+14155550100"), ("0014155550100", "+14155550100"), ("021 1234", "0211234"), ("", ""), ("anonymous", ""),
    ],
)  # fmt: skip
def test_numbers_are_written_as_they_are_dialled_here(number, written):
    assert ServiceRules().written_number(number) == written


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
