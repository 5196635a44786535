"""What a provider's published OpenAPI file says about a call, and where a call and the file differ.

A difference is named by a line that stays the same from run to run: "POST /charge asked: $.bank_transfer is not
published".
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Exchange:
    """One call as it went over the wire; `path` without what stands before the provider's own."""

    method: str
    path: str
    query: Mapping[str, str]
    asked: Any
    status: int
    answered: Any


@dataclass
class Listening(HTTPAdapter):
    """Carries the calls of an adapter, and remembers them."""

    prefix: str
    heard: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        response = super().send(request, *args, **kwargs)
        address = urlsplit(str(request.url))
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        asked = json.loads(request.body) if request.body else None
        path = address.path.removeprefix(self.prefix)
        self.heard.append(
            Exchange(str(request.method), path, query, asked, response.status_code, json.loads(response.content))
        )
        return response


class Published:
    """An OpenAPI 3.0 file."""

    def __init__(self, name: str) -> None:
        self.document = yaml.safe_load((DATA / name).read_text())
        self._registry = Registry().with_resource("urn:published", Resource(self.document, DRAFT4))

    def differences(self, exchange: Exchange) -> Iterator[str]:
        """Every point in which the call is not as published."""
        path = self._path(exchange)
        if path is None:
            yield f"{exchange.method} {exchange.path}: is not published"
            return
        operation = self.document["paths"][path][exchange.method.lower()]
        place = f"{exchange.method} {path}"
        names = {told["name"] for told in operation.get("parameters", []) if told["in"] == "query"}
        yield from (f"{place} asked: ?{name} is not published" for name in exchange.query if name not in names)
        if exchange.asked is not None:
            schema = self._body(operation["requestBody"])
            yield from (f"{place} asked: {said}" for said in self._against(schema, exchange.asked))
            known = self._properties(schema)
            yield from (f"{place} asked: $.{name} is not published" for name in exchange.asked if name not in known)
        answer = operation["responses"].get(str(exchange.status))
        if answer is None:
            yield f"{place} answered {exchange.status}: is not published"
            return
        schema = self._body(self._resolved(answer))
        yield from (f"{place} answered {exchange.status}: {said}" for said in self._against(schema, exchange.answered))

    def _path(self, exchange: Exchange) -> str | None:
        """The template that fits, the one with the fewest places to fill in."""
        fitting = [
            template
            for template, methods in self.document["paths"].items()
            if exchange.method.lower() in methods
            and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), exchange.path)
        ]
        return min(fitting, key=lambda template: template.count("{"), default=None)

    def _body(self, told: dict[str, Any]) -> Any:
        return told["content"]["application/json"]["schema"]

    def _resolved(self, schema: Any) -> Any:
        while "$ref" in schema:
            found = self.document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def _properties(self, schema: Any) -> set[str]:
        schema = self._resolved(schema)
        parts = [self._properties(part) for kind in ("allOf", "oneOf", "anyOf") for part in schema.get(kind, [])]
        return set(schema.get("properties", {})).union(*parts)

    def _against(self, schema: Any, value: Any) -> Iterator[str]:
        """What is wrong with the value, places in lists being all the same place."""
        absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:published#/'))
        for error in OAS30Validator(absolute, registry=self._registry).iter_errors(value):
            place = "".join("[]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
            if error.validator == "required":
                missing = re.match(r"'(\w+)'", error.message)
                yield f"${place}.{missing[1] if missing else '?'} is missing"
            elif error.validator == "type":
                is_null = " null" if error.instance is None else f" {type(error.instance).__name__}"
                yield f"${place} is{is_null}, not {error.validator_value}"
            else:
                yield f"${place} breaks {error.validator}"
