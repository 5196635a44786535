"""The signature that the stand-in computes, against Twilio's own vectors (facts of its documentation and SDK)."""

import pytest
from werkzeug.datastructures import MultiDict

from sandbox.twilio.webhook import signature_of

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
PARAMS = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (URL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL.replace(".com/", ".com:443/"), "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (URL.replace("https", "http").replace(".com/", ".com:80/"), "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ],
)
def test_twilios_vectors(url: str, signature: str) -> None:
    assert signature_of(url, PARAMS, "12345") == signature


def test_twilios_vector_with_several_values_of_one_parameter() -> None:
    several = MultiDict([("Sid", "CA123"), ("SidAccount", "AC123"), *[("Digits", d) for d in ("5678", "1234", "1234")]])
    assert signature_of(URL, several, "12345") == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


def test_twilios_vector_with_the_hash_of_a_json_body() -> None:
    digest = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    assert signature_of(f"{URL}&bodySHA256={digest}", {}, "12345") == "a9nBmqA0ju/hNViExpshrM61xv4="
