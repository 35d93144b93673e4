"""Logs as JSON lines on standard output: one event a line, the call id on each line of a call."""

import logging
import sys

import structlog


def call_of_task() -> str:
    """The id of the call whose task runs, as its log lines have it; "" outside of calls."""
    return str(structlog.contextvars.get_contextvars().get("call", ""))


def configure_logs(level: str) -> None:
    """Set up structlog. `level` is debug, info, warning or error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
