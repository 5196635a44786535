"""Message templates: what Twilio's Content API accepts, and how a template looks once its variables are filled in."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.store import Content, Json
from sandbox.twilio.account import WHATSAPP
from sandbox.twilio.errors import TwilioError

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
# The richest kind first: a channel shows the first one that it can.
RICH_TYPES = (
    "twilio/list-picker",
    "twilio/quick-reply",
    "twilio/call-to-action",
    "twilio/card",
    "twilio/media",
    "twilio/text",
)
PLAIN_TYPES = tuple(reversed(RICH_TYPES))
MAX_BODY_CHARS = 1600
MAX_RICH_BODY_CHARS = 1024
MAX_BUTTONS = 10
MAX_BUTTONS_UNAPPROVED = 3
MAX_TITLE_CHARS = {"twilio/quick-reply": 20, "twilio/call-to-action": 25, "twilio/list-picker": 24, "twilio/card": 25}
MAX_DESCRIPTION_CHARS = 72
MAX_LIST_BUTTON_CHARS = 20
MAX_ID_CHARS = 200


@dataclass(frozen=True)
class Filled:
    """A message as the phone shows it."""

    body: str
    media: list[Json] = field(default_factory=list)
    buttons: list[Json] = field(default_factory=list)


def checked_types(types: Any) -> Json:
    """The `types` of a new template without the empty fields that the SDK sends.

    Raises:
        TwilioError: 20001, a type is unknown or over a limit of WhatsApp.
    """
    kept = {name: value for name, value in types.items() if value} if isinstance(types, Mapping) else {}
    if not kept:
        raise TwilioError(20001, "'types' must hold at least one content type.")
    for name, value in kept.items():
        if name not in RICH_TYPES or not isinstance(value, Mapping):
            raise TwilioError(20001, f"Content type '{name}' is not supported.")
        for complaint in _complaints(name, value):
            raise TwilioError(20001, f"{name}: {complaint}")
    return {name: _without_nothing(value) for name, value in kept.items()}


def fill(content: Content, channel: str, variables_json: str) -> Filled:
    """Fill in a template for a channel; SMS gets its plainest type and no buttons.

    Raises:
        TwilioError: 21656, the variables are no JSON object of strings; 21602, the template is empty.
    """
    values = {**content.variables, **_variables(variables_json)}

    def filled(text: str | None) -> str:
        return VARIABLE.sub(lambda match: str(values.get(match[1], match[0])), text or "")

    order = RICH_TYPES if channel == WHATSAPP else PLAIN_TYPES
    name = next(name for name in order if name in content.types)
    chosen = content.types[name]
    body = filled(chosen.get("body") or chosen.get("title"))
    media = [{"url": filled(url), "content_type": None} for url in chosen.get("media") or []]
    if not body and not media:
        raise TwilioError(21602)
    return Filled(body, media, _buttons(name, chosen, filled) if channel == WHATSAPP else [])


def has_too_many_buttons(content: Content) -> bool:
    """Whether WhatsApp would turn the template down within a session because nobody approved it."""
    actions = (content.types.get("twilio/quick-reply") or {}).get("actions") or []
    return len(actions) > MAX_BUTTONS_UNAPPROVED and content.approval is None


def _variables(variables_json: str) -> Mapping[str, Any]:
    if not variables_json:
        return {}
    try:
        values = json.loads(variables_json)
    except ValueError as error:
        raise TwilioError(21656) from error
    if not isinstance(values, Mapping) or not all(isinstance(value, str) and value for value in values.values()):
        raise TwilioError(21656)
    return values


def _buttons(name: str, chosen: Json, filled: Callable[[str | None], str]) -> list[Json]:
    if name == "twilio/list-picker":
        return [
            {
                "id": filled(item.get("id")),
                "title": filled(item.get("item")),
                "description": filled(item.get("description")),
                "kind": "list",
                "menu": filled(chosen.get("button")),
            }
            for item in chosen.get("items") or []
        ]
    buttons = []
    for action in chosen.get("actions") or []:
        title = filled(action.get("title"))
        button: Json = {"id": filled(action.get("id")) or title, "title": title, "kind": "reply"}
        target = filled(action.get("url")) or filled(action.get("phone"))
        if target:
            button.update(kind="link", url=target if action.get("url") else f"tel:{target}")
        buttons.append(button)
    return buttons


def _complaints(name: str, value: Mapping[str, Any]) -> Iterator[str]:
    body = value.get("body") or ""
    rich = name not in ("twilio/text", "twilio/media")
    if len(body) > (MAX_RICH_BODY_CHARS if rich else MAX_BODY_CHARS):
        yield "the body is too long."
    if not body and name not in ("twilio/media", "twilio/card"):
        yield "a body is required."
    if name == "twilio/media" and not value.get("media"):
        yield "media is required."
    choices = value.get("items" if name == "twilio/list-picker" else "actions") or []
    if name in ("twilio/list-picker", "twilio/quick-reply", "twilio/call-to-action") and not choices:
        yield "at least one choice is required."
    if len(choices) > MAX_BUTTONS:
        yield f"more than {MAX_BUTTONS} choices."
    if name == "twilio/list-picker" and not 0 < len(value.get("button") or "") <= MAX_LIST_BUTTON_CHARS:
        yield f"the list's button takes 1 to {MAX_LIST_BUTTON_CHARS} characters."
    for choice in choices:
        title = choice.get("item") or choice.get("title") or ""
        if not 0 < len(title) <= MAX_TITLE_CHARS[name]:
            yield f"the title '{title}' takes 1 to {MAX_TITLE_CHARS[name]} characters."
        if len(choice.get("id") or "") > MAX_ID_CHARS:
            yield f"an id is longer than {MAX_ID_CHARS} characters."
        if len(choice.get("description") or "") > MAX_DESCRIPTION_CHARS:
            yield f"a description is longer than {MAX_DESCRIPTION_CHARS} characters."


def _without_nothing(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nothing(item) for key, item in value.items() if item is not None}
    return [_without_nothing(item) for item in value] if isinstance(value, list) else value
