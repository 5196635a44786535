"""What every payment provider must keep to about webhooks: signed, named, the same news the same, and never an error.

The hooks are explained in `tests/payments/contract.py`.
"""

import json
from dataclasses import dataclass
from typing import ClassVar

import pytest

from payments.errors import BadSignature
from payments.provider import EventAbout
from tests.payments.contract import REFERENCE, Contract, spoilt
from tests.payments.servers import nobody

OTHER = "gw-18-fedcba9876543210"


@dataclass(frozen=True)
class News:
    """One event as the provider sends it, and how it must be understood. `names` False: it names no payment of ours."""

    body: bytes
    kind: str
    about: EventAbout
    id: str = ""
    announces_success: bool = False
    names: bool = True


class EventContract(Contract):
    """The tests. The first of `news` tells of a payment that succeeded."""

    signature_covers_body: ClassVar[bool] = True

    def news(self, reference: str) -> tuple[News, ...]:
        raise NotImplementedError

    def signed(self, body: bytes) -> dict[str, str]:
        raise NotImplementedError

    def test_every_event_says_what_it_is_about_and_names_its_reference(self) -> None:
        provider = self.provider(nobody())
        for news in self.news(REFERENCE):
            event = provider.read_event(news.body, self.signed(news.body))
            told = (event.kind, event.about, event.id, event.announces_success)
            assert told == (news.kind, news.about, news.id, news.announces_success)
            assert event.reference == (REFERENCE if news.names else "")

    def test_the_same_news_has_the_same_key_and_other_news_another(self) -> None:
        provider = self.provider(nobody())
        bodies = [news.body for reference in (REFERENCE, OTHER) for news in self.news(reference) if news.names]
        keys = [provider.read_event(body, self.signed(body)).key for body in bodies]
        assert keys == [provider.read_event(body, self.signed(body)).key for body in bodies]
        assert len(set(keys)) == len(bodies)

    def test_a_missing_or_wrong_signature_is_refused(self) -> None:
        provider = self.provider(nobody())
        body = self.news(REFERENCE)[0].body
        good = self.signed(body)
        cut = {name: value[:-1] for name, value in good.items()}
        strange = dict.fromkeys(good, "ünsigned")
        for headers in ({}, dict.fromkeys(good, ""), dict.fromkeys(good, self.secret), cut, strange):
            if headers == good:
                continue
            with pytest.raises(BadSignature):
                provider.read_event(body, headers)

    def test_a_signature_that_covers_the_body_holds_for_its_raw_bytes_only(self) -> None:
        if not self.signature_covers_body:
            pytest.skip("its signature says nothing about the body: every event is asked about")
        provider = self.provider(nobody())
        body, other = self.news(REFERENCE)[0].body, self.news(OTHER)[0].body
        headers = self.signed(body)
        same_meaning = json.dumps(json.loads(body), indent=1).encode()
        for changed in (other, same_meaning, body + b"\n", body.replace(b"17", b"18"), b""):
            with pytest.raises(BadSignature):
                provider.read_event(changed, headers)

    def test_a_signed_body_that_is_no_event_is_kept_as_something_else(self) -> None:
        provider = self.provider(nobody())
        keys = set()
        bodies = (b"", b"<html>", b"{", b"\xff\xfe\x00", b"null", b"[]", b"7", b'"x"', b"{}", b"[" * 100_000)
        for body in bodies:
            event = provider.read_event(body, self.signed(body))
            assert (event.about, event.reference, event.announces_success) == ("other", "", False)
            keys.add(event.key)
        assert len(keys) == len(bodies)

    def test_an_event_of_an_odd_shape_is_still_an_event(self) -> None:
        provider = self.provider(nobody())
        for news in self.news(REFERENCE):
            for odd in spoilt(json.loads(news.body)):
                body = json.dumps(odd).encode()
                event = provider.read_event(body, self.signed(body))
                assert event == provider.read_event(body, self.signed(body))
                for text in (event.key, event.reference, event.kind, event.id):
                    # As the database can hold and index it.
                    assert isinstance(text, str) and "\0" not in text and len(text.encode()) <= 600
