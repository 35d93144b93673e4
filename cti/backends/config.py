"""`config/backends.yaml`: which backends there are, and the company's rules."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from cti.backends.http import HttpAddress
from cti.backends.rules import REPAIR_HOURS, ServiceRules
from ivr.document import BadDocument, findings_of, parse, plain


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SqlEntry(_Model):
    """A backend on the hotline's own database."""

    type: Literal["sql"]


class HttpEntry(_Model):
    """A backend over HTTP/JSON."""

    type: Literal["http"]
    url: str
    token: SecretStr | None = None
    allow_plain_http: bool = False

    @model_validator(mode="after")
    def _usable(self) -> "HttpEntry":
        HttpAddress(self.url, allow_plain_http=self.allow_plain_http)
        return self


class RepairHours(_Model):
    """Hours until a repair is due, by customer tier."""

    diamond: Annotated[int, Field(ge=1, le=720)] = REPAIR_HOURS["diamond"]
    gold: Annotated[int, Field(ge=1, le=720)] = REPAIR_HOURS["gold"]
    silver: Annotated[int, Field(ge=1, le=720)] = REPAIR_HOURS["silver"]
    basic: Annotated[int, Field(ge=1, le=720)] = REPAIR_HOURS["basic"]


class Lockout(_Model):
    """How many wrong PINs lock an account or a caller's number, and for how long."""

    max_tries: Annotated[int, Field(ge=1, le=100)] = 3
    lock_seconds: Annotated[int, Field(ge=1, le=86_400)] = 900


class BackendsConfig(_Model):
    """The whole file."""

    version: Literal[1]
    backends: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")],
            Annotated[SqlEntry | HttpEntry, Field(discriminator="type")],
        ],
        Field(min_length=1),
    ]
    repair_hours: RepairHours = RepairHours()
    lockout: Lockout = Lockout()
    country_code: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}$")] = "86"

    def rules(self, zone: ZoneInfo) -> ServiceRules:
        """Return the company's rules as the SQL backend wants them; `zone` is the hotline's own."""
        return ServiceRules(self.repair_hours.model_dump(), zone, self.country_code)


_KEYS = (
    *BackendsConfig.model_fields,
    *HttpEntry.model_fields,
    *RepairHours.model_fields,
    *Lockout.model_fields,
)


def read_backends_config(text: str, path: str) -> BackendsConfig:
    """Return the configuration written in `text`; raise `ivr.document.BadDocument` with every fault's place and cure."""
    root = parse(text, path)
    data = plain(root)
    if isinstance(data, dict) and isinstance(data.get("country_code"), int):
        data["country_code"] = str(data["country_code"])
    try:
        return BackendsConfig.model_validate(data)
    except ValidationError as error:
        raise BadDocument(findings_of(root, error.errors(), _KEYS)) from None
