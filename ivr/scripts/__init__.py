"""Scripted callers: what a caller does and what he must hear, as YAML, run against the flows without a telephone."""

from ivr.scripts.coverage import Coverage, Way
from ivr.scripts.reading import read_scripts
from ivr.scripts.replies import Answers, first_fitting, read_replies
from ivr.scripts.running import Result, run_script
from ivr.scripts.script import Act, Action, Case, Script

__all__ = [
    "Act", "Action", "Answers", "Case", "Coverage", "Result", "Script", "Way",
    "first_fitting", "read_replies", "read_scripts", "run_script",
]  # fmt: skip
