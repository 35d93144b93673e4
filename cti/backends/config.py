"""`config/backends.yaml`: which backends, services and gateways there are, and the company's rules."""

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from cti.backends.carrier import HOLES, NEEDED, holes_of
from cti.backends.http import HttpAddress
from cti.backends.rules import REPAIR_HOURS, ServiceRules
from cti.backends.text_messages import SmsRules, number_pattern
from ivr.document import BadDocument, findings_of, parse, plain

OWN = "hotline:"
"""Begins the address of what the hotline's own HTTP server serves: `hotline:/demo`."""


def _mask(mask: str) -> str:
    number_pattern(mask)
    return mask


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


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


class ServiceEntry(_Model):
    """A service that `http` steps may reach; no other host can be."""

    url: str
    token: SecretStr | None = None
    headers: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")], SecretStr] = {}
    allow_plain_http: bool = False

    @model_validator(mode="after")
    def _usable(self) -> "ServiceEntry":
        if not self.own:
            HttpAddress(self.url, allow_plain_http=self.allow_plain_http)
        return self

    @property
    def own(self) -> str:
        """The path on the hotline's own HTTP server, or nothing."""
        return self.url.removeprefix(OWN) if self.url.startswith(f"{OWN}/") else ""


class _Gateway(_Model):
    numbers: list[Annotated[str, AfterValidator(_mask)]] = []
    per_number: Annotated[int, Field(ge=1, le=1000)] = 5
    hours: Annotated[float, Field(gt=0, le=720)] = 24

    @property
    def rules(self) -> SmsRules:
        """What the gateway may be used for."""
        return SmsRules(tuple(self.numbers), self.per_number, self.hours)


class OutboxEntry(_Gateway):
    """A gateway that is the table `sms_outbox`: somebody fetches the messages there."""

    type: Literal["outbox"]


class HttpGatewayEntry(_Gateway):
    """A gateway over HTTP: `POST <url>` with the JSON object under `fields`."""

    type: Literal["http"]
    url: str
    token: SecretStr | None = None
    headers: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")], SecretStr] = {}
    allow_plain_http: bool = False
    fields: Annotated[dict[str, Any], Field(min_length=1)]
    success: dict[str, str | int | bool] = {}

    @model_validator(mode="after")
    def _usable(self) -> "HttpGatewayEntry":
        HttpAddress(self.url, allow_plain_http=self.allow_plain_http)
        holes = holes_of(self.fields)
        unknown, missing = sorted(holes - set(HOLES)), sorted(set(NEEDED) - holes)
        if unknown:
            raise ValueError(
                f"fields has ${{{unknown[0]}}}; known are {', '.join('${' + hole + '}' for hole in HOLES)}"
            )
        if missing:
            raise ValueError(f"fields lacks ${{{missing[0]}}}: write where the {missing[0]} goes")
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
        dict[_Name, Annotated[SqlEntry | HttpEntry, Field(discriminator="type")]],
        Field(min_length=1),
    ]
    services: dict[_Name, ServiceEntry] = {}
    gateways: dict[_Name, Annotated[OutboxEntry | HttpGatewayEntry, Field(discriminator="type")]] = {}
    repair_hours: RepairHours = RepairHours()
    lockout: Lockout = Lockout()
    country_code: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}$")] = "86"

    @model_validator(mode="after")
    def _told_apart(self) -> "BackendsConfig":
        names = [*self.backends, *self.services, *self.gateways]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f'"{twice[0]}" stands for two things: give backends, services and gateways names of their own'
            )
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that can be asked."""
        return (*self.backends, *self.services, *self.gateways)

    def rules(self, zone: ZoneInfo) -> ServiceRules:
        """Return the company's rules as the SQL backend wants them; `zone` is the hotline's own."""
        return ServiceRules(self.repair_hours.model_dump(), zone, self.country_code)


_KEYS = (
    *BackendsConfig.model_fields,
    *HttpEntry.model_fields,
    *ServiceEntry.model_fields,
    *HttpGatewayEntry.model_fields,
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
