"""Cuts an OpenAPI file down to the paths that the product uses, with all that they refer to.

    python tools/trim_openapi.py paystack.yaml > tests/payments/data/paystack-openapi.yaml

What is kept is kept as it was published, but for the descriptions and examples, which validate nothing. Needs PyYAML.
"""

import sys
from collections.abc import Iterator
from typing import Any

import yaml

PATHS = (
    "/balance",
    "/bank",
    "/bank/resolve",
    "/charge",
    "/charge/submit_otp",
    "/customer",
    "/dedicated_account",
    "/dispute",
    "/dispute/{id}",
    "/refund",
    "/settlement",
    "/settlement/{id}/transactions",
    "/transaction",
    "/transaction/initialize",
    "/transaction/verify/{reference}",
    "/transaction/{id}",
    "/transfer",
    "/transfer/finalize_transfer",
    "/transfer/verify/{reference}",
    "/transferrecipient",
)
TOLD = ("description", "example", "summary", "tags")

HEADER = """\
# From PaystackOSS/openapi (https://github.com/PaystackOSS/openapi), dist/paystack.yaml, 9678dea (October 2025).
# MIT licence, Copyright (c) 2022 PaystackOSS: see paystack-openapi.LICENSE. Made by tools/trim_openapi.py.
"""


def trimmed(document: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {name: document[name] for name in ("openapi", "info", "servers") if name in document}
    kept["paths"] = {path: document["paths"][path] for path in PATHS}
    kept["components"] = {}
    wanted = list(_references(kept))
    while wanted:
        _, _, kind, name = wanted.pop().split("/")
        group = kept["components"].setdefault(kind, {})
        if name not in group:
            group[name] = document["components"][kind][name]
            wanted += _references(group[name])
    return _bare(kept)


def _references(value: Any) -> Iterator[str]:
    for part in _parts(value):
        if isinstance(part, dict) and isinstance(part.get("$ref"), str):
            yield part["$ref"]


def _parts(value: Any) -> Iterator[Any]:
    yield value
    inside: list[Any] = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    for part in inside:
        yield from _parts(part)


def _bare(value: Any, is_names: bool = False) -> Any:
    """Without what is only told; the names of properties are kept, whatever they are."""
    if isinstance(value, list):
        return [_bare(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _bare(part, name == "properties" and not is_names)
        for name, part in value.items()
        if is_names or name not in TOLD
    }


if __name__ == "__main__":
    with open(sys.argv[1]) as published:
        short = trimmed(yaml.safe_load(published))
    sys.stdout.write(HEADER + yaml.safe_dump(short, sort_keys=True, allow_unicode=True, width=120))
