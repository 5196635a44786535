"""Where documents lie: a folder, or a bucket of anything that speaks S3. The setting STORAGE_URL says which.

A document is written once and never changed. Its key carries the hash of its content (`content_key`), so storing the
same document again is harmless and one key never means two documents. Never call this while a transaction is open.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from stat import S_ISREG
from tempfile import NamedTemporaryFile
from typing import Any, Protocol
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from core.errors import StorageConflict, StorageKeyRefused, StorageMissing, StorageUnavailable
from core.settings import Settings, settings

HERE = Path(__file__).parent.parent
LONGEST_KEY = 200
ATTEMPTS = 2
# No part begins with a dot, so a key can neither climb out of the folder nor name a file that is still being written.
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


class Storage(Protocol):
    """A place for documents. Every call raises `StorageKeyRefused` for a key that could not be one of ours, and
    `StorageUnavailable` when the place does not answer or does not let us in: the caller may try again later.
    """

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Stores `data` for good. The same bytes again change nothing; others raise `StorageConflict`."""

    def get(self, key: str) -> bytes:
        """The bytes that were put under `key`. Raises `StorageMissing` when there are none."""

    def exists(self, key: str) -> bool:
        """Whether something was put under `key`."""


@cache
def storage() -> Storage:
    """This process's place for documents, as the settings say."""
    return opened(settings())


def opened(chosen: Settings, connect_seconds: float = 3, read_seconds: float = 10) -> Storage:
    """The place that these settings name. Nothing is read or written yet. Times are per attempt, and S3 has two."""
    url = urlsplit(chosen.storage_url)
    if url.scheme == "s3":
        return Bucket(_client(chosen, connect_seconds, read_seconds), url.netloc, url.path.strip("/"))
    return Folder(HERE / url.path)


def content_key(folder: str, data: bytes, ending: str) -> str:
    """The key for this very content: `content_key("receipts/17", pdf, "pdf")` is `receipts/17/<32 hex digits>.pdf`."""
    return f"{folder}/{hashlib.sha256(data).hexdigest()[:32]}.{ending}"


@dataclass(frozen=True, slots=True)
class Folder:
    """Documents as files below `root`, which is made when the first one comes."""

    root: Path

    def put(self, key: str, data: bytes, content_type: str) -> None:
        path = self._path(key)
        with _file_errors(key):
            path.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=path.parent, prefix=".") as unfinished:
                unfinished.write(data)
                unfinished.flush()
                os.fsync(unfinished.fileno())
                try:
                    # All at once like a rename, but never over a file that is there.
                    os.link(unfinished.name, path)
                except FileExistsError:
                    if path.read_bytes() != data:
                        raise StorageConflict(key) from None

    def get(self, key: str) -> bytes:
        with _file_errors(key):
            return self._path(key).read_bytes()

    def exists(self, key: str) -> bool:
        try:
            with _file_errors(key):
                return S_ISREG(self._path(key).stat().st_mode)
        except StorageMissing:
            return False

    def _path(self, key: str) -> Path:
        return self.root / _checked(key)


@contextmanager
def _file_errors(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError):
        raise StorageMissing(key) from None
    except OSError as error:
        raise StorageUnavailable(f"{key}: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Bucket:
    """Documents as objects of one bucket. `client` is boto3's, which has no types."""

    client: Any
    name: str
    prefix: str

    def put(self, key: str, data: bytes, content_type: str) -> None:
        try:
            with _s3_errors(key):
                # The store itself refuses to overwrite, so two writers at once cannot both be told "stored".
                self.client.put_object(**self._at(key), Body=data, ContentType=content_type, IfNoneMatch="*")
        except StorageConflict:
            if self.get(key) != data:
                raise

    def get(self, key: str) -> bytes:
        with _s3_errors(key):
            return bytes(self.client.get_object(**self._at(key))["Body"].read())

    def exists(self, key: str) -> bool:
        try:
            with _s3_errors(key):
                self.client.head_object(**self._at(key))
        except StorageMissing:
            return False
        return True

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.name, "Key": "/".join(filter(None, (self.prefix, _checked(key))))}


@contextmanager
def _s3_errors(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in ("NoSuchKey", "404"):
            raise StorageMissing(key) from None
        if code in ("PreconditionFailed", "412"):
            raise StorageConflict(key) from None
        raise StorageUnavailable(f"{key}: {code}") from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"{key}: {type(error).__name__}") from error


def _checked(key: str) -> str:
    if len(key) > LONGEST_KEY or not KEY.fullmatch(key):
        raise StorageKeyRefused(key)
    return key


def _client(chosen: Settings, connect_seconds: float, read_seconds: float) -> Any:
    secret = chosen.s3_secret_access_key
    return boto3.session.Session().client(
        "s3",
        region_name=chosen.s3_region,
        endpoint_url=chosen.s3_endpoint_url,
        # With both given, boto3 looks nowhere else; without, it takes the role of the machine it runs on.
        aws_access_key_id=chosen.s3_access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        config=Config(
            connect_timeout=connect_seconds,
            read_timeout=read_seconds,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            # bucket.host needs a DNS name per bucket, which stores other than Amazon's rarely have.
            s3={"addressing_style": "path"},
            # Amazon's newer checksums travel in a form that other stores refuse.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            ignore_configured_endpoint_urls=True,
        ),
    )
