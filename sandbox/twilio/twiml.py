"""Reading the product's TwiML: the messages it wants sent back, and what a caller would hear."""

from dataclasses import dataclass
from xml.etree import ElementTree

from sandbox.twilio.templates import MAX_BODY_CHARS


class TwimlError(Exception):
    """The answer is no TwiML that Twilio would carry out; the message says what is wrong, with Twilio's code."""


@dataclass(frozen=True)
class TwimlMessage:
    body: str
    media_urls: list[str]
    status_callback: str | None


def read_messages(content_type: str, text: str) -> list[TwimlMessage]:
    """The messages of an answer; none when it is empty.

    Raises:
        TwimlError: 12100 not XML, 12200 no <Response>, 14103 an empty <Message>, 21617 a text that is too long.
    """
    if not text.strip():
        return []
    if content_type.split(";")[0].strip().lower() == "text/plain":
        return [_checked(TwimlMessage(text.strip(), [], None))]
    return [_checked(_message(element)) for element in read_response(text) if element.tag == "Message"]


def read_response(text: str) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise TwimlError(f"12100: the answer is not XML ({error}).") from error
    if root.tag != "Response":
        raise TwimlError(f"12200: the answer is <{root.tag}>, not <Response>.")
    return root


def _message(element: ElementTree.Element) -> TwimlMessage:
    bodies = [child.text or "" for child in element if child.tag == "Body"]
    media_urls = [(child.text or "").strip() for child in element if child.tag == "Media"]
    loose = (element.text or "") + "".join(child.tail or "" for child in element)
    body = "".join(bodies) if bodies else loose
    return TwimlMessage(body.strip(), [url for url in media_urls if url], element.get("statusCallback"))


def _checked(message: TwimlMessage) -> TwimlMessage:
    if not message.body and not message.media_urls:
        raise TwimlError("14103: a <Message> has neither a body nor media.")
    if len(message.body) > MAX_BODY_CHARS:
        raise TwimlError(f"21617: a <Message> has {len(message.body)} characters; {MAX_BODY_CHARS} are allowed.")
    return message
