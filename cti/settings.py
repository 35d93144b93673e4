"""Settings of `hotline serve` and of the commands that speak to it: a YAML file, overruled by environment variables.

`hotline run` writes the file; for an own Asterisk it is written by hand (`hotline asterisk config` prints one).
"""

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

Port = Annotated[int, Field(ge=1, le=65535)]
DEFAULT_FILE = Path("run/hotline.yaml")


class SettingsError(Exception):
    """The settings cannot be used; the message names the file, the entry and the cure. Exit status 2."""


class AmiSettings(BaseModel):
    """Where Asterisk's manager interface is, and the two accounts with the least rights."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    host: str = "127.0.0.1"
    port: Port = 5038
    events_username: str = "hotline-events"
    events_secret: SecretStr
    actions_username: str = "hotline-actions"
    actions_secret: SecretStr


class HttpSettings(BaseModel):
    """Where the API, the metrics, the wallboard and the docs are served. Loopback unless told otherwise.

    public_url: the address that browsers use when a proxy stands before the server, like https://hotline.example.com; "" when none does.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    host: str = "127.0.0.1"
    port: Port = 8080
    token: SecretStr
    public_url: Annotated[str, Field(pattern=r"^(https?://[A-Za-z0-9.:\[\]-]+)?$")] = ""


class TracingSettings(BaseModel):
    """Where traces go, by OTLP over HTTP. Off while `endpoint` is empty.

    endpoint: of the collector, like http://127.0.0.1:4318; `/v1/traces` is added to an address without a path.
    share: of the calls that are traced, 0 to 1.
    service_name: what the collector calls this server.
    timeout_seconds: how long the collector may take to accept a batch.
    queue_spans: how many spans wait at most while it is away; then the oldest are dropped.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    endpoint: Annotated[str, Field(pattern=r"^(https?://[^\s/]+(/\S*)?)?$")] = ""
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    service_name: Annotated[str, Field(min_length=1, max_length=100)] = "hotline"
    timeout_seconds: Annotated[float, Field(ge=0.1, le=30)] = 5.0
    queue_spans: Annotated[int, Field(ge=1, le=100_000)] = 4096


class Settings(BaseSettings):
    """Everything `serve` needs. The variable of `http.port` is HOTLINE_HTTP__PORT, and so on.

    default_queue: where a call goes whose flow failed; empty for the first queue of the configuration.
    watch_flows_seconds: how often to look for changed flow files, which are then checked and taken; 0 never looks.
    watch_config_seconds: the same for queues.yaml, tiers.yaml and agents.yaml.
    time_zone: IANA name, for opening hours, spoken dates and agents' days.
    agent_days_kept: how many days what agents did is kept.
    records_kept_days: how many days records of calls, contact legs and scores are kept; 0 for ever.
    effects_kept_days: the same for what backends remember so that nothing is done twice, and for recordings of no message.
    queue_log_file: where to write lines like those of Asterisk's queue_log, live; none are written without it.
    """

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_nested_delimiter="__", extra="ignore", hide_input_in_errors=True)

    ami: AmiSettings
    http: HttpSettings
    database_url: str = "sqlite:///run/hotline.db"
    store_url: str = "sqlite:///run/store.db"
    flows_dir: Path = Path("flows")
    config_dir: Path = Path("config")
    sounds_dir: Path = Path("run/sounds")
    spool_dir: Path = Path("run/asterisk/spool")
    run_dir: Path = Path("run")
    default_queue: str = ""
    watch_flows_seconds: Annotated[float, Field(ge=0, le=3600)] = 2.0
    watch_config_seconds: Annotated[float, Field(ge=0, le=3600)] = 2.0
    agent_days_kept: Annotated[int, Field(ge=1, le=3660)] = 400
    records_kept_days: Annotated[int, Field(ge=0, le=36_600)] = 730
    effects_kept_days: Annotated[int, Field(ge=0, le=36_600)] = 30
    queue_log_file: Path | None = None
    tracing: TracingSettings = TracingSettings()
    time_zone: str = "Asia/Shanghai"
    log_level: Annotated[str, Field(pattern=r"^(debug|info|warning|error)$")] = "info"

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource, file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def own_url(settings: Settings) -> str:
    """The address of the server's own HTTP side, as it reaches itself."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(settings.http.host, settings.http.host)  # noqa: S104 - every address, this one too
    return f"http://{host}:{settings.http.port}"


def load_settings(path: Path = DEFAULT_FILE) -> Settings:
    """Read the settings file. Raises SettingsError."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{path}: {error.strerror}. `make run` writes it; for an own Asterisk see `hotline asterisk config`, "
            "then name the file with --settings."
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise SettingsError(f"{path}{place}: not YAML: {getattr(error, 'problem', error)}. Mend the line.") from error
    if not isinstance(document, dict):
        raise SettingsError(f"{path}:1:1: expected entries like `ami:` and `http:`. `make run` writes a complete file.")
    return _validated(path, document)


def _validated(path: Path, document: dict[str, Any]) -> Settings:
    try:
        return Settings(**document)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors(include_input=False))
        raise SettingsError(f"{path}: {faults}. Mend these entries, or delete the file and let `make run` write it again.") from error


