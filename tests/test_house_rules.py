"""The house's rules, held by reading the code: who imports whom, who reads the environment, what is written down."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import worker
from core.queues import QUEUES
from core.settings import Settings
from tests.conftest import ROOT
from wsgi import create_app

ORDER = ["core", "ledger", "payments", "escalation", "bot", "admin", "wsgi", "cron", "worker", "sandbox", "benchmarks"]
PRODUCT = ("core", "ledger", "payments", "escalation", "bot", "admin", "wsgi.py", "cron.py", "worker.py")
MAY_NOT_USE = {"ledger": {"flask", "rq", "requests", "redis", "twilio"}, "core": {"flask", "twilio"}}
# Routes that anybody may call, each with the reason; every other one must check a signature or a session.
PUBLIC_ROUTES = {
    "/healthz": "tells only that the process is up",
    "/p/<token>": "the token is the permission: it was sent to the payer alone",
    "/join/<code>.png": "shows what the one who asks knows already: the group's code",
    "/d/<token>/<file_name>": "the token is the permission: it was sent to the member alone, and runs out",
    "/v/<token>": "the token is the permission: it stands on the paper that is held against the book",
    "/static/<path:filename>": "the pay page's style sheet",
}
SIGNED_ROUTES = {
    "/webhooks/twilio/messages": "bot.webhooks",
    "/webhooks/twilio/status": "bot.webhooks",
    "/webhooks/payment/<provider_name>": "payments.webhooks",
    "/webhooks/payment/<provider_name>/approval": "payments.webhooks",
}


def _python_files(*places: str) -> Iterator[Path]:
    for place in places:
        path = ROOT / place
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def _imports(path: Path) -> Iterator[str]:
    """Every module that the file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def test_imports_point_one_way() -> None:
    for place in ORDER:
        for path in _python_files(place if (ROOT / place).is_dir() else f"{place}.py"):
            for module in _imports(path):
                top = module.split(".")[0]
                if top in ORDER and top != place:
                    assert ORDER.index(top) < ORDER.index(place), f"{path.relative_to(ROOT)} imports {module}"
                    assert {top, place} != {"bot", "admin"}, f"{path.relative_to(ROOT)} imports {module}"


def test_the_product_never_imports_the_sandbox_or_test_tools() -> None:
    for path in _python_files(*PRODUCT):
        assert not {"sandbox", "benchmarks", "tests", "pytest", "unittest"} & {m.split(".")[0] for m in _imports(path)}


@pytest.mark.parametrize("package", sorted(MAY_NOT_USE))
def test_a_package_keeps_to_its_subject(package: str) -> None:
    for path in _python_files(package):
        used = {module.split(".")[0] for module in _imports(path)}
        if path.name == "queues.py":
            continue
        assert not used & MAY_NOT_USE[package], f"{path.relative_to(ROOT)}: {used & MAY_NOT_USE[package]}"


def test_migrations_see_every_models_module() -> None:
    seen = set(_imports(ROOT / "migrations" / "env.py"))
    for path in _python_files("core", "ledger", "payments", "escalation", "bot", "admin"):
        if "mapped_column" in path.read_text():
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            # A package of models is seen as a whole when it imports all of its own.
            package = path.with_name("__init__.py")
            assert module in seen or (module.rpartition(".")[0] in seen and module in _imports(package)), module


def test_every_route_is_signed_or_on_the_list_of_public_ones(configured: None) -> None:
    app = create_app()
    rules = {rule.rule: app.view_functions[rule.endpoint].__module__ for rule in app.url_map.iter_rules()}
    assert set(rules) == set(PUBLIC_ROUTES) | set(SIGNED_ROUTES)
    client = app.test_client()
    for rule in SIGNED_ROUTES:
        answer = client.post(re.sub(r"<.*?>", "paystack", rule), data={"MessageSid": "SM1", "From": "+254700000000"})
        assert answer.status_code == 403, rule


def test_every_setting_is_explained_in_the_example_and_nothing_else_is() -> None:
    example = (ROOT / ".env.example").read_text()
    named = re.findall(r"^(?:# )?([A-Z0-9_]+)=", example, re.M)
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def test_only_the_settings_read_the_environment() -> None:
    for path in _python_files(*PRODUCT):
        if path != ROOT / "core" / "settings.py":
            assert not re.search(r"os\.(environ|getenv)|load_dotenv", path.read_text()), path


def test_every_queue_has_a_worker_in_the_procfile_and_every_worker_one_queue() -> None:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    workers = [line.removeprefix("python worker.py ") for name, line in lines.items() if name.startswith("worker")]
    assert sorted(workers) == sorted(QUEUES)
    assert {"release", "web", "clock"} < set(lines)
    assert set(worker.CODE) == set(QUEUES)


def test_every_kind_of_work_has_a_job() -> None:
    for path in _python_files(*PRODUCT):
        for package, job in re.findall(r"outbox\.put\([^)]*?\"(\w+)\.(\w+)\"", path.read_text(), re.S):
            assert package in QUEUES
            assert f"def {job}(" in (ROOT / package / "jobs.py").read_text()


def test_no_file_has_become_a_hub_and_no_name_says_nothing() -> None:
    for path in _python_files(*PRODUCT, "sandbox", "benchmarks"):
        assert len(path.read_text().splitlines()) <= 400, path
        assert path.stem not in ("utils", "helpers", "common", "manager", "misc"), path


def test_every_dependency_is_pinned_and_explained() -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text()
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / file).read_text().splitlines():
            if line and not line.startswith(("#", "-r")):
                name, _, version = line.partition("==")
                assert version, f"{file}: {line}"
                assert f"**{name}**" in explained, name
