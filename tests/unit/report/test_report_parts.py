"""Small parts of reports that figures and pages stand on."""

from datetime import date

import pytest

from cti.records.calls import CallRecord
from cti.report.gathered import _hung_up_in
from cti.report.index import index_page


def test_a_label_of_the_configuration_is_text_in_the_list():
    page = index_page(date(2026, 11, 22), "en", {"line": ("<i>线</i>", "<img src=x>")})
    assert "&lt;img src=x&gt;" in page
    assert "<img" not in page


@pytest.mark.parametrize(
    ("outcome", "kind", "left"),
    [
        ("abandoned", "menu", True), ("abandoned", "queue", True), ("voicemail", "record", True), ("abandoned", "hangup", False),
        ("self_service", "return", False), ("failed", "lookup", False), ("answered", "survey", False), ("put_through", "dial", False),
    ],
)  # fmt: skip
def test_where_callers_leave_by_hanging_up(outcome, kind, left):
    """A flow that ends by itself, or breaks, ends in a step too; and after a talk nobody is lost any more."""
    call = CallRecord(call="c1", ended_at_ms=1, outcome=outcome)
    assert _hung_up_in(call, {"flow": "main", "step": "here", "type": kind, "result": "ended"}) is left
