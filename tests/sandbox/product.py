"""A product small enough to see through: it records every call of the sandbox and answers as it was told to."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from twilio.request_validator import RequestValidator
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

OK_TWIML = "<Response><Message>ok</Message></Response>"
Found = TypeVar("Found")


class QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return


@dataclass(frozen=True)
class Heard:
    """One call that reached the product."""

    url: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]
    body: bytes

    def is_signed_by(self, auth_token: str) -> bool:
        signature = self.headers.get("X-Twilio-Signature", "")
        return bool(RequestValidator(auth_token).validate(self.url, self.form, signature))


@dataclass
class RecordingProduct:
    heard: list[Heard] = field(default_factory=list)
    twiml: str = OK_TWIML
    content_type: str = "text/xml"
    # Statuses of the next answers; afterwards everything is 200.
    statuses: list[int] = field(default_factory=list)
    delay_seconds: float = 0.0
    on_message: Callable[[Heard], None] | None = None

    def __post_init__(self) -> None:
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answers(self, text: str) -> None:
        self.twiml = f"<Response><Message>{text}</Message></Response>"

    def of(self, path: str) -> list[Heard]:
        return [call for call in self.heard if call.path == path]

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data(cache=True, parse_form_data=False)
        call = Heard(request.url, request.path, dict(request.headers), request.form.to_dict(), body)
        self.heard.append(call)
        status = self.statuses.pop(0) if self.statuses else 200
        time.sleep(self.delay_seconds)
        if self.on_message is not None and "Body" in call.form:
            self.on_message(call)
        text = self.twiml if call.path == "/webhooks/twilio/messages" else ""
        return Response(text, status=status, content_type=self.content_type)(environ, start_response)


def eventually(look: Callable[[], Found], timeout_seconds: float = 3.0) -> Found:
    """What `look` finds as soon as it finds something; the last thing it found when the time is over."""
    deadline = time.monotonic() + timeout_seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found
