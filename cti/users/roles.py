"""The roles of those who use the web side, and who somebody is."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Role(StrEnum):
    """What somebody is to the hotline."""

    DISPLAY = "display"  #: a wall display: reads the board, nothing else
    AGENT = "agent"
    TEAM_LEADER = "team_leader"
    OPERATIONS_MANAGER = "operations_manager"


class Scope(IntEnum):
    """Whose things an operation may touch; each includes the ones before."""

    NONE = 0
    OWN = 1  #: the agent of the same name, and his present call
    TEAM = 2  #: the agents of the team, and calls that are with them or in their lines
    ALL = 3


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who was recognised.

    Attributes:
        name: the user's; an agent's is his name in agents.yaml.
        role: what he is.
        team: the team of a team leader or an agent, "" for none.
        language: what the page speaks to him, zh or en.

    """

    name: str
    role: Role
    team: str = ""
    language: str = "zh"
