"""Ports and folders of `hotline run`, each settable by an environment variable."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from cti.asterisk.runtime import RuntimeLayout

Port = Annotated[int, Field(ge=1, le=65535)]


def project_folder() -> Path:
    """Return the folder of the clone this program was installed from."""
    return Path(__file__).resolve().parents[2]


def _numbers(value: object) -> object:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


Number = Annotated[str, Field(pattern=r"^[0-9]{2,15}$")]


class RunSettings(BaseSettings):
    """What `hotline run` can be told; the variable of `sip_port` is HOTLINE_SIP_PORT, and so on.

    asterisk: an Asterisk program to use, empty to find one. numbers: served numbers, separated by commas.
    rtp_timeout_seconds: a party that sends no sound so long has vanished; 0 never ends a call for that.
    sip_host: address of this machine that phones reach, 0.0.0.0 for all. default_queue: for calls whose flow failed.
    outside: host:port of the carrier that calls of the step `dial` and callbacks go out by; empty: this machine plays whoever is called.
    demo: keep the customers of docs/demo.md in the database; only done in the embedded one, never where database_url leads. The rest speaks for itself.
    """

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", extra="ignore")

    run_dir: Path = Field(default_factory=lambda: project_folder() / "run")
    flows_dir: Path = Field(default_factory=lambda: project_folder() / "flows")
    config_dir: Path = Field(default_factory=lambda: project_folder() / "config")
    recordings_dir: Path = Field(default_factory=lambda: project_folder() / "recordings")
    music_dir: Path | None = None
    asterisk: str = ""
    numbers: Annotated[tuple[Number, ...], NoDecode, BeforeValidator(_numbers), Field(min_length=1)] = ("95598",)
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "zh"
    sip_host: str = "127.0.0.1"
    sip_port: Port = 5060
    ami_port: Port = 5038
    http_host: str = "127.0.0.1"
    http_port: Port = 8080
    rtp_start: Annotated[int, Field(ge=1024, le=65000, multiple_of=2)] = 20000
    rtp_count: Annotated[int, Field(ge=4, le=40000)] = 2000
    rtp_timeout_seconds: Annotated[int, Field(ge=0, le=3600)] = 25
    database_url: str = ""
    store_url: str = ""
    default_queue: str = ""
    outside: Annotated[str, Field(pattern=r"^([A-Za-z0-9.-]+(:[0-9]{1,5})?)?$")] = ""
    demo: bool = True

    @property
    def layout(self) -> RuntimeLayout:
        """The runtime folder."""
        return RuntimeLayout(self.run_dir.expanduser().absolute())

    @property
    def embedded_database(self) -> str:
        """Address of the database in the runtime folder, used when no other is named."""
        return f"sqlite:///{self.layout.root / 'hotline.db'}"

    @property
    def rtp_end(self) -> int:
        """Last RTP port."""
        return min(65535, self.rtp_start + self.rtp_count - 1)

    @property
    def sounds(self) -> Path:
        """Where prompts are rendered to."""
        return self.layout.root / "sounds"

    @property
    def music(self) -> Path:
        """Where hold music is."""
        return self.music_dir.expanduser().absolute() if self.music_dir else self.layout.root / "music"
