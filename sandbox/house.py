"""The whole product as processes on this machine: web, workers, clock and the sandbox, as a deployment runs them.

`make run`, the stories and the benchmark all start this same house; only the folders and ports differ.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests
from redis import Redis

from core.queues import QUEUES
from sandbox import running
from sandbox.config import BLIND_INDEX_KEY, FIELD_KEY_ID, FIELD_KEYS, SandboxConfig
from sandbox.services import free_port

ROOT = Path(__file__).parent.parent
STOP_SECONDS = 10
START_SECONDS = 30
NOTICE = {
    "friendly_name": "notice",
    "language": "en",
    "variables": {"1": "Ama contributed KES 5,000"},
    "types": {"twilio/text": {"body": "News from your savings group: {{1}} (GroupWallet)"}},
}
CHOICE = {
    "friendly_name": "choice",
    "language": "en",
    "variables": {"1": "Umoja asks you something", "2": "Yes", "3": "y:token", "4": "No", "5": "n:token"},
    "types": {
        "twilio/quick-reply": {
            "body": "{{1}}",
            "actions": [{"title": "{{2}}", "id": "{{3}}"}, {"title": "{{4}}", "id": "{{5}}"}],
        }
    },
}
TEMPLATES = (NOTICE, CHOICE)


@dataclass
class House:
    """Where everything lives. `folder` keeps logs and the clock; addresses are of the loopback interface."""

    database_url: str
    redis_url: str
    folder: Path
    web_port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    smtp_port: int = field(default_factory=free_port)
    web_workers: int = 1
    job_timeout_seconds: int = 60
    webhook_retry_seconds: float = 180
    provider_timeout_seconds: float = 12
    provider_pause_seconds: float = 5
    # Where the product finds a provider, when it is not at the sandbox itself: host and port, by its name.
    provider_origins: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    content_sids: dict[str, str] = field(default_factory=dict)

    @property
    def web_url(self) -> str:
        return f"http://localhost:{self.web_port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://localhost:{self.sandbox_port}"

    @property
    def config(self) -> SandboxConfig:
        """What the sandbox is told; its credentials are the product's too."""
        return SandboxConfig(
            database_url=self.database_url,
            public_url=self.sandbox_url,
            product_url=self.web_url,
            clock_file=str(self.folder / "clock"),
            smtp_port=self.smtp_port,
            webhook_retry_seconds=self.webhook_retry_seconds,
        )

    def environment(self) -> dict[str, str]:
        """The whole environment of the product's processes."""
        return {**os.environ, **self.own_environment()}

    def own_environment(self) -> dict[str, str]:
        """What a deployment sets, with the sandbox's addresses."""
        config = self.config
        return {
            "ENV": "development",
            "PUBLIC_BASE_URL": self.web_url,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "TWILIO_ACCOUNT_SID": config.twilio_account_sid,
            "TWILIO_AUTH_TOKEN": config.twilio_auth_token,
            "TWILIO_SMS_NUMBER": config.twilio_sms_number,
            "TWILIO_WHATSAPP_NUMBER": config.twilio_whatsapp_number,
            "TWILIO_BASE_URL": self.sandbox_url,
            "TWILIO_CONTENT_SIDS": json.dumps(self.content_sids),
            "PAYSTACK_SECRET_KEY": config.paystack_secret_key,
            "PAYSTACK_BASE_URL": f"{self.provider_origins.get('paystack', self.sandbox_url)}/paystack",
            "FLUTTERWAVE_SECRET_KEY": config.flutterwave_secret_key,
            "FLUTTERWAVE_SECRET_HASH": config.flutterwave_secret_hash,
            "FLUTTERWAVE_BASE_URL": f"{self.provider_origins.get('flutterwave', self.sandbox_url)}/flutterwave/v3",
            "PROVIDER_TIMEOUT_SECONDS": str(self.provider_timeout_seconds),
            "PROVIDER_PAUSE_SECONDS": str(self.provider_pause_seconds),
            "PAYER_EMAIL_DOMAIN": "payers.groupwallet.example",
            "FIELD_KEYS": FIELD_KEYS,
            "FIELD_KEY_ID": FIELD_KEY_ID,
            "BLIND_INDEX_KEY": BLIND_INDEX_KEY,
            "STORAGE_URL": f"file://{(self.folder / 'documents').absolute()}",
            "CLOCK_FILE": config.clock_file,
            "JOB_TIMEOUT_SECONDS": str(self.job_timeout_seconds),
        }

    def write_environment(self) -> Path:
        """The settings as a file for a shell, so that commands can be run beside the house; returns where it is."""
        before = set(os.environ.items())
        own = {name: value for name, value in self.environment().items() if (name, value) not in before}
        path = self.folder / "environment"
        path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(own.items())))
        return path

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What to do, in order, to have everything running; each with a name for people."""
        yield "Tables are up to date", self.migrate
        yield "Stand-ins for Twilio, Paystack and Flutterwave", self._start_sandbox
        yield "Web", lambda: self._start_and_await("web", f"{self.web_url}/healthz")
        yield f"Workers ({', '.join(QUEUES)})", self._start_workers
        yield "Clock", lambda: self.start("clock")

    def migrate(self) -> None:
        """Brings the tables up to date. Raises `RuntimeError` with what Alembic printed."""
        command = [sys.executable, "-m", "alembic", "upgrade", "head"]
        done = subprocess.run(command, cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the migrations failed:\n{done.stdout}{done.stderr}")

    def start(self, name: str) -> None:
        """Starts one process; its output goes to a file in the folder."""
        path = self.log(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as log:
            # A session of its own, so that Ctrl-C reaches us alone and we stop the others in order.
            self.processes[name] = subprocess.Popen(
                self._commands()[name],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        running.note(self.folder, {name: process.pid for name, process in self.processes.items()})

    def log(self, name: str) -> Path:
        """The file with everything that a process has said."""
        return self.folder / "logs" / f"{name}.log"

    def kill(self, name: str) -> None:
        """`kill -9` of one process alone, as the worst that can happen to it."""
        self.processes[name].kill()
        self.processes[name].wait()

    def restart_dead(self) -> list[str]:
        """Starts again what has died, as a platform would; returns the names."""
        dead = [name for name, process in self.processes.items() if process.poll() is not None]
        for name in dead:
            self.start(name)
        return dead

    def stop(self) -> None:
        """Asks every process to finish, the last started first, and waits; what hangs is killed."""
        for name in reversed(self.processes):
            self.processes[name].terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()
        running.note(self.folder, {})

    def _commands(self) -> dict[str, list[str]]:
        config = self.config
        serve = [sys.executable, "-m", "sandbox.serve", "--port", str(self.sandbox_port)]
        for option, value in (
            ("product-url", config.product_url),
            ("database-url", config.database_url),
            ("clock-file", config.clock_file),
            ("smtp-port", str(config.smtp_port)),
            ("webhook-retry-seconds", str(config.webhook_retry_seconds)),
        ):
            serve += [f"--{option}", value]
        web = ["-m", "granian", "--interface", "wsgi", "--factory", "--host", "127.0.0.1", "--port", str(self.web_port)]
        web += ["--workers", str(self.web_workers), "--blocking-threads", "4", "--no-ws", "--log-level", "warning"]
        return {
            "sandbox": serve,
            "web": [sys.executable, *web, "wsgi:create_app"],
            **{f"worker-{queue}": [sys.executable, "worker.py", queue] for queue in QUEUES},
            "clock": [sys.executable, "cron.py"],
        }

    def _start_sandbox(self) -> None:
        self._start_and_await("sandbox", f"{self.sandbox_url}/healthz")
        self.content_sids = {str(template["friendly_name"]): self._sid_of(template) for template in TEMPLATES}

    def _sid_of(self, template: dict[str, object]) -> str:
        """WhatsApp lets us start a conversation, and show buttons, only by a template; the stand-in needs them too."""
        auth = (self.config.twilio_account_sid, self.config.twilio_auth_token)
        url = f"{self.sandbox_url}/v1/Content"
        for content in requests.get(url, auth=auth, timeout=5).json().get("contents", []):
            if content["friendly_name"] == template["friendly_name"]:
                return str(content["sid"])
        return str(requests.post(url, json=template, auth=auth, timeout=5).json()["sid"])

    def _start_and_await(self, name: str, url: str) -> None:
        self.start(name)

        def is_up() -> bool:
            try:
                return requests.get(url, timeout=2).ok
            except requests.RequestException:
                return False

        self._await(name, is_up)

    def _start_workers(self) -> None:
        for queue in QUEUES:
            self.start(f"worker-{queue}")
        redis = Redis.from_url(self.redis_url)
        pids = {process.pid for name, process in self.processes.items() if name.startswith("worker-")}

        def are_up() -> bool:
            known = {int(redis.hget(key, "pid") or 0) for key in redis.smembers("rq:workers")}
            return pids <= known

        self._await(f"worker-{QUEUES[0]}", are_up)

    def _await(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if self.processes[name].poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"{name} did not start; the end of {self.log(name)}:\n{self.log(name).read_text()[-2000:]}"
                )
            time.sleep(0.05)


@contextmanager
def started(house: House) -> Iterator[House]:
    """The house with everything in it started; everything is stopped at the end, whatever happens."""
    try:
        for _, step in house.steps():
            step()
        yield house
    finally:
        house.stop()
