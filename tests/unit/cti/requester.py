"""A requester without a wire: what is asked is kept, answers are scripted; Asterisk's globals as a dict."""

from cti.ami.encode import encode_action
from cti.ami.frames import Frame, parse_frame

OK = "Response: Success"


class Requester:
    """`answers` by action: a list of frames' lists or exceptions, taken one after the other; else success.

    Every action is encoded as for the wire, so that unsafe values are found here too.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, str]]] = []
        self.raw: list[list[tuple[str, str]]] = []
        self.action_ids: list[str | None] = []
        self.answers: dict[str, list[list[Frame] | BaseException]] = {}

    async def request(self, action, headers=(), *, is_list=False, action_id=None, timeout_seconds=5.0):
        encode_action(action, action_id or "1", headers)
        self.sent.append((action, dict(headers)))
        self.raw.append(list(headers))
        self.action_ids.append(action_id)
        planned = self.answers.get(action)
        answer = planned.pop(0) if planned else ([] if is_list else [parse_frame(OK)])
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def actions(self, name: str) -> list[dict[str, str]]:
        return [headers for action, headers in self.sent if action == name]


class Globals(Requester):
    """Asterisk's global variables; `set_by_others` runs before each read, to play another server."""

    def __init__(self, **values: str) -> None:
        super().__init__()
        self.values = {f"ACD_{name.upper()}": value for name, value in values.items()}
        self.before_read = lambda _name: None

    async def request(self, action, headers=(), *, is_list=False, action_id=None, timeout_seconds=5.0):
        answer = await super().request(action, headers, is_list=is_list, action_id=action_id, timeout_seconds=timeout_seconds)
        fields = dict(headers)
        if action == "Getvar" and "Channel" not in fields:
            self.before_read(fields["Variable"])
            return [parse_frame(f"{OK}\r\nValue: {self.values.get(fields['Variable'], '')}")]
        if action == "Setvar" and "Channel" not in fields:
            self.values[fields["Variable"]] = fields["Value"]
        return answer
