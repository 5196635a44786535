"""Sealed fields of models: a Python attribute that reads and writes text, over a column that never holds it.

    name_sealed: Mapped[bytes | None]
    name = Sealed[str | None]("uid")

`User.name` is kept in `name_sealed`, bound to the row's `uid`. A field with a blind index has a column `phone_index`
beside `phone_sealed` and is bound to that too, so that the two cannot be parted; it is found with
`User.phone.matches(number)`.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Generic, Self, TypeVar, cast, overload

from sqlalchemy import ColumnElement, Table
from sqlalchemy.orm import InstrumentedAttribute

from core import crypto
from core.db import Base

Text = TypeVar("Text", bound=str | None)


class Sealed(Generic[Text]):
    """The descriptor. `bound_to` names columns that are unique together and never change, in the model's own table."""

    def __init__(self, *bound_to: str, indexed: bool = False) -> None:
        self._bound_to = bound_to
        self._indexed = indexed

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.column = f"{name}_sealed"
        self.index_column = f"{name}_index"
        # Only now: the index bears the field's name.
        self.bound_to = (*self._bound_to, self.index_column) if self._indexed else self._bound_to
        self._owner = owner

    @overload
    def __get__(self, row: None, owner: type) -> Self: ...

    @overload
    def __get__(self, row: object, owner: type) -> Text: ...

    def __get__(self, row: object | None, owner: type) -> Self | Text:
        return self if row is None else self.of(row)

    def __set__(self, row: object, value: Text) -> None:
        for column, content in self.columns(value, **{name: getattr(row, name) for name in self._bound_to}).items():
            setattr(row, column, content)

    @property
    def table(self) -> Table:
        """The table whose rows hold the field."""
        return cast(Table, self._owner.__table__)  # type: ignore[attr-defined]

    @property
    def subject(self) -> str:
        """What the field is called in associated data, in indexes and by operators: "users.phone"."""
        return f"{self.table.name}.{self.name}"

    def of(self, row: Any) -> Text:
        """The text in a row of a query that selected the sealed column and those it is bound to."""
        sealed = getattr(row, self.column)
        # A statement in plain SQL brings memory views.
        return cast(Text, None if sealed is None else crypto.unseal(bytes(sealed), self.where(row)))

    def columns(self, value: Text, **bound_to: Any) -> dict[str, bytes | None]:
        """What the field's columns hold for this text in a row with these values: for statements in plain SQL."""
        indexed: dict[str, bytes | None] = {}
        if self._indexed:
            indexed = {self.index_column: None if value is None else self.index_of(value)}
        sealed = None if value is None else crypto.seal(value, self.where(SimpleNamespace(**bound_to, **indexed)))
        return {self.column: sealed} | indexed

    def where(self, row: Any) -> str:
        """The associated data of the row's value: "users.name:0b6f…"."""
        # Unambiguous, since only the last of the columns can hold a colon.
        return ":".join([self.subject, *(_plain(getattr(row, column)) for column in self.bound_to)])

    def index_of(self, value: str) -> bytes:
        """What the blind index holds for this text."""
        return crypto.blind_index(value, self.subject)

    def matches(self, value: str) -> ColumnElement[bool]:
        """The condition that finds the rows with exactly this text."""
        column: InstrumentedAttribute[bytes | None] = getattr(self._owner, self.index_column)
        return column == self.index_of(value)


class SealedBase(Base):
    """The base of models with sealed fields: they can be given to the constructor by name, in any order."""

    __abstract__ = True

    def __init__(self, **values: Any) -> None:
        sealed = {field.name for field in fields_of(type(self))}
        # A field is sealed for its row, so what tells the row apart must be there first.
        super().__init__(**dict(sorted(values.items(), key=lambda item: item[0] in sealed)))


def fields_of(model: type) -> Iterator[Sealed[Any]]:
    """The sealed fields that a model declares."""
    yield from (value for value in vars(model).values() if isinstance(value, Sealed))


def all_fields() -> list[Sealed[Any]]:
    """The sealed fields of every model that this process has loaded, by table and name."""
    found = (field for mapper in Base.registry.mappers for field in fields_of(mapper.class_))
    return sorted(found, key=lambda field: field.subject)


def values_of(row: Base) -> dict[str, Any]:
    """The columns that were set on a new row, for an INSERT with its own ON CONFLICT."""
    return {name: value for name, value in vars(row).items() if not name.startswith("_sa_")}


def _plain(value: Any) -> str:
    if value is None:
        raise ValueError("a field cannot be sealed before the columns that it is bound to are set")
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)
