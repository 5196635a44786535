"""Where documents lie: one contract for folders and buckets, and what each has of its own.

S3 is spoken over real HTTP to moto's server, and to one that hangs, breaks off and fails.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from core.errors import StorageConflict, StorageKeyRefused, StorageMissing, StorageUnavailable
from core.settings import load
from core.storage import Storage, content_key, opened, storage
from sandbox.services import free_port
from tests.conftest import ENVIRONMENT, ROOT
from tests.payments.servers import Reply, break_off, hang, reset, scripted

KEY = "receipts/17/3f2a.pdf"
PDF = b"%PDF-1.7\r\n\x00\xff"
NO_KEYS = [
    "", ".", "..", "../x", "a/../../x", "a/..", "/etc/passwd", "//x", "a//b", "a/", "a\\b", "a\x00b", "a\n", ".hidden",
    "a/.hidden", "~x", "a b", "ñ", "%2e%2e/x", "x" * 201,
]  # fmt: skip


def place(url: str, **settings: str) -> Storage:
    values = {name.lower(): value for name, value in ENVIRONMENT.items()}
    services = {"database_url": "postgresql://h/d", "redis_url": "redis://h"}
    chosen = load(_env_file=None, **{**values, **services, "storage_url": url, **settings})
    return opened(chosen, connect_seconds=0.25, read_seconds=0.25)


class StorageContract:
    """What the product relies on. `store` is an empty place, `away` one that cannot be reached."""

    @pytest.fixture
    def store(self) -> Storage:
        raise NotImplementedError

    @pytest.fixture
    def away(self) -> Storage:
        raise NotImplementedError

    def test_what_was_put_is_got_to_the_byte(self, store: Storage) -> None:
        for data in (PDF, b"", bytes(range(256)) * 4_000):
            key = content_key("receipts/17", data, "pdf")
            store.put(key, data, "application/pdf")
            assert store.get(key) == data
            assert store.exists(key)

    def test_what_was_never_put_is_missing(self, store: Storage) -> None:
        assert not store.exists(KEY)
        with pytest.raises(StorageMissing):
            store.get(KEY)
        store.put(KEY, PDF, "application/pdf")
        for beside in ("receipts/17", "receipts", KEY + "x", "Receipts/17/3f2a.pdf2"):
            assert not store.exists(beside)
            with pytest.raises(StorageMissing):
                store.get(beside)

    def test_the_same_document_may_be_put_again(self, store: Storage) -> None:
        for _ in range(3):
            store.put(KEY, PDF, "application/pdf")
        assert store.get(KEY) == PDF

    @pytest.mark.parametrize("other", [b"", b"%PDF-1.7\r\n\x00\xfe", PDF + b"\n"])
    def test_another_document_never_takes_the_place_of_one(self, store: Storage, other: bytes) -> None:
        store.put(KEY, PDF, "application/pdf")
        with pytest.raises(StorageConflict):
            store.put(KEY, other, "application/pdf")
        assert store.get(KEY) == PDF

    def test_a_key_that_could_lead_elsewhere_is_refused(self, store: Storage) -> None:
        for key in NO_KEYS:
            for call in (store.get, store.exists, lambda key: store.put(key, PDF, "application/pdf")):
                with pytest.raises(StorageKeyRefused):
                    call(key)

    def test_a_place_that_cannot_be_reached_is_unavailable_and_not_empty(self, away: Storage) -> None:
        for call in (away.get, away.exists, lambda key: away.put(key, PDF, "application/pdf")):
            with pytest.raises(StorageUnavailable):
                call(KEY)


class TestFolder(StorageContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Storage:
        return place(f"file://{tmp_path}/documents")

    @pytest.fixture
    def away(self, tmp_path: Path) -> Storage:
        (tmp_path / "documents").write_text("a file where the folder should be")
        return place(f"file://{tmp_path}/documents")

    def test_nothing_is_left_behind_and_nothing_lies_outside(self, store: Storage, tmp_path: Path) -> None:
        store.put(KEY, PDF, "application/pdf")
        with pytest.raises(StorageConflict):
            store.put(KEY, b"other", "application/pdf")
        files = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
        assert files == [Path("documents") / KEY]

    def test_of_many_writers_at_once_one_wins_and_the_others_know(self, store: Storage) -> None:
        start = threading.Barrier(4)

        def write(data: bytes) -> bytes | None:
            start.wait(5)
            try:
                store.put(KEY, data, "application/pdf")
            except StorageConflict:
                return None
            return data

        with ThreadPoolExecutor(4) as pool:
            stored = [data for data in pool.map(write, (b"1", b"2", b"3", b"4")) if data]
        assert stored == [store.get(KEY)]

    def test_a_relative_folder_lies_beside_the_code(self) -> None:
        expected = place(f"file://{ROOT}/.local/documents")
        assert place("file:.local/documents") == place(".local/documents") == expected


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a server that speaks S3."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


class TestBucket(StorageContract):
    @pytest.fixture
    def bucket(self, endpoint: str) -> str:
        name = f"documents-{uuid4().hex[:8]}"
        anyone = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
        boto3.session.Session().client("s3", endpoint_url=endpoint, **anyone).create_bucket(Bucket=name)
        return name

    @pytest.fixture
    def store(self, endpoint: str, bucket: str) -> Storage:
        return at(endpoint, f"s3://{bucket}/production")

    @pytest.fixture
    def away(self) -> Storage:
        return at(f"http://127.0.0.1:{free_port()}", "s3://documents")

    def test_the_prefix_keeps_two_deployments_apart(self, endpoint: str, bucket: str) -> None:
        whole, production, staging = (at(endpoint, f"s3://{bucket}{path}") for path in ("", "/production/", "/a/b"))
        production.put(KEY, PDF, "application/pdf")
        assert not staging.exists(KEY)
        assert not whole.exists(KEY)
        assert whole.get(f"production/{KEY}") == PDF

    def test_the_store_knows_what_kind_of_document_it_is(self, endpoint: str, bucket: str, store: Storage) -> None:
        store.put(KEY, PDF, "application/pdf")
        answer = requests.head(f"{endpoint}/{bucket}/production/{KEY}", headers=SOMEBODY, timeout=5)
        assert answer.headers["Content-Type"] == "application/pdf"

    def test_a_bucket_that_is_not_there_is_unavailable(self, endpoint: str) -> None:
        store = at(endpoint, "s3://no-such-bucket")
        for call in (store.get, lambda key: store.put(key, PDF, "application/pdf")):
            with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
                call(KEY)

    def test_credentials_that_are_refused_are_unavailable(self, endpoint: str, store: Storage) -> None:
        store.put(KEY, PDF, "application/pdf")
        requests.post(f"{endpoint}/moto-api/reset-auth", data="0", timeout=5).raise_for_status()
        try:
            for call in (store.get, store.exists, lambda key: store.put(key, PDF, "application/pdf")):
                with pytest.raises(StorageUnavailable):
                    call(KEY)
        finally:
            requests.post(f"{endpoint}/moto-api/reset-auth", data="inf", timeout=5).raise_for_status()

    @pytest.mark.parametrize(
        "trouble", [hang, reset, Reply("", 500), Reply("<html>Bad Gateway</html>", 502), Reply("", 503)]
    )
    def test_trouble_is_met_twice_and_is_then_unavailable(self, trouble: object) -> None:
        with scripted() as server:
            server.answers(trouble, trouble)
            with pytest.raises(StorageUnavailable):
                at(server.url, "s3://documents").get(KEY)
            assert [heard.path for heard in server.heard] == [f"/documents/{KEY}"] * 2

    def test_half_a_document_is_never_a_document(self) -> None:
        with scripted() as server, pytest.raises(StorageUnavailable):
            at(server.answers(break_off).url, "s3://documents").get(KEY)

    def test_a_second_attempt_that_meets_the_first_ones_document_is_content(self) -> None:
        exists = "<Error><Code>PreconditionFailed</Code></Error>"
        with scripted() as server:
            server.answers(hang, Reply(exists, 412, "application/xml"), Reply(PDF, 200, "application/pdf"))
            at(server.url, "s3://documents").put(KEY, PDF, "application/pdf")
            assert [heard.method for heard in server.heard] == ["PUT", "PUT", "GET"]

    def test_the_given_credentials_sign_and_nothing_else_is_looked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-somebody-else")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-somebody-else")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://elsewhere.invalid")
        with scripted() as server:
            at(server.answers(Reply(PDF)).url, "s3://documents").get(KEY)
            assert "Credential=AKIA-OURS/" in server.heard[0].headers["authorization"]


SOMEBODY = {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20261101/us-east-1/s3/aws4_request, Signature=x"}


def at(endpoint: str, url: str) -> Storage:
    return place(url, s3_endpoint_url=endpoint, s3_access_key_id="AKIA-OURS", s3_secret_access_key="secret")


def test_the_key_of_a_document_names_its_content() -> None:
    assert content_key("receipts/17", PDF, "pdf") == content_key("receipts/17", PDF, "pdf")
    assert content_key("receipts/17", PDF, "pdf") != content_key("receipts/17", PDF + b" ", "pdf")
    assert content_key("a", b"", "png") == "a/e3b0c44298fc1c149afbf4c8996fb924.png"


def test_the_settings_choose_the_place(configured: None) -> None:
    storage().put(content_key("tests", PDF, "pdf"), PDF, "application/pdf")
    assert storage() is storage()
    assert storage().exists(content_key("tests", PDF, "pdf"))
