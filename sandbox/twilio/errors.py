"""Twilio's error bodies, and the codes that the stand-in knows."""

from flask import Response, jsonify

MESSAGES = {
    20001: "Invalid parameter.",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    21205: "Url is not a valid URL",
    21211: "The 'To' number is not a valid phone number.",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' number is not a valid message-capable Twilio phone number for this destination.",
    21610: "Attempt to send to unsubscribed recipient",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21620: "Invalid media URL(s)",
    21655: "The ContentSid is invalid.",
    21656: "The Content Variables parameter is invalid.",
    21910: "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel",
}
HTTP_STATUS = {20003: 401, 20404: 404}


class TwilioError(Exception):
    """A call that Twilio turns down at once."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(f"{MESSAGES[code]} {detail}".strip())
        self.code = code
        self.status = HTTP_STATUS.get(code, 400)


def error_answer(error: TwilioError) -> Response:
    answer = jsonify(
        code=error.code,
        message=str(error),
        more_info=f"https://www.twilio.com/docs/errors/{error.code}",
        status=error.status,
    )
    answer.status_code = error.status
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    return answer
