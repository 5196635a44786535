"""A mail server for the product: every mail becomes a message of its receiver's inbox, on the channel `email`."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern_policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from sqlalchemy import func, select

from sandbox.store import Person
from sandbox.world import World

HOST = "127.0.0.1"


class MailHandler:
    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        mail = message_from_bytes(content if isinstance(content, bytes) else content.encode(), policy=modern_policy)
        for recipient in envelope.rcpt_tos:
            self._deliver(mail, envelope.mail_from or "", recipient)
        return "250 Message accepted for delivery"

    def _deliver(self, mail: EmailMessage, sender: str, recipient: str) -> None:
        self._world.inbox.write(
            channel="email",
            direction="in",
            origin="mail",
            sender=str(mail.get("From") or sender),
            recipient=recipient,
            # Mail to an address that nobody here owns is kept, and stays unseen.
            phone=self._phone_of(recipient),
            body=_text_of(mail),
            subject=str(mail.get("Subject") or ""),
            status="delivered",
        )

    def _phone_of(self, address: str) -> str | None:
        with self._world.store.begin() as session:
            return session.scalar(select(Person.e164).where(func.lower(Person.email) == address.lower()))


def mail_server(world: World) -> Controller:
    """A server that is not started yet, on the configured port of this machine only."""
    return Controller(MailHandler(world), hostname=HOST, port=world.config.smtp_port)


def _text_of(mail: EmailMessage) -> str:
    part = mail.get_body(preferencelist=("plain", "html"))
    return str(part.get_content()).strip() if part is not None else ""
