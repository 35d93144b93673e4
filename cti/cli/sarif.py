"""Findings as SARIF 2.1.0, which code hosts show beside the lines of a change."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from ivr.codes import CODES
from ivr.document import Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return one run of the checker: a rule for each code that occurs, a result for each finding."""
    codes = sorted({finding.code for finding in findings})
    rules = [_rule(code) for code in codes]
    driver = {"name": "hotline check", "rules": rules}
    results = [_result(finding, codes.index(finding.code)) for finding in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    page = CODES.get(code)
    if page is None:
        return {"id": code}
    help_text = f"{page.cause} {page.cure} Example: {page.example} See docs/findings.md#{code}"
    return {"id": code, "shortDescription": {"text": page.meaning}, "help": {"text": help_text}}


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    cure = f" ({finding.cure})" if finding.cure else ""
    path = PurePath(finding.path)
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity.value,
        "message": {"text": finding.message + cure},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": path.as_uri() if path.is_absolute() else path.as_posix()},
                    "region": {"startLine": finding.line, "startColumn": finding.column},
                }
            }
        ],
    }
