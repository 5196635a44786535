"""The page of phones: what it is made of is here, and it offers every fault that can be ordered."""

import re

import requests

from sandbox.config import SandboxConfig
from sandbox.faults import CALL_KINDS, PAYMENT_KINDS, TARGETS, WEBHOOK_KINDS
from tests.sandbox.actors import Driver


def text(config: SandboxConfig, path: str) -> str:
    response = requests.get(f"{config.public_url}{path}", timeout=5)
    assert response.status_code == 200, path
    return response.text


def test_everything_that_the_page_loads_is_there(config: SandboxConfig, driver: Driver) -> None:
    page = text(config, "/")
    for path in re.findall(r'(?:href|src)="(/[^"]+)"', page):
        text(config, path)
    modules, seen = {"main.js"}, set[str]()
    while modules:
        module = modules.pop()
        seen.add(module)
        source = text(config, f"/page-static/js/{module}")
        modules |= set(re.findall(r'from "\./([\w-]+\.js)"', source)) - seen
    assert {"desk.js", "prompts.js", "ways.js"} <= seen


def test_every_element_that_a_module_looks_up_is_on_the_page(config: SandboxConfig, driver: Driver) -> None:
    page = text(config, "/")
    for module in ("main", "desk", "books", "people"):
        source = text(config, f"/page-static/js/{module}.js")
        for name in re.findall(r'byId\("([\w-]+)"\)|part\("([\w-]+)"', source):
            assert f'id="{name[0] or name[1]}"' in page


def test_every_fault_can_be_ordered_on_the_page(config: SandboxConfig, driver: Driver) -> None:
    desk = text(config, "/page-static/js/desk.js")
    offered = re.findall(r'^ +\["(\w+)", "', desk, re.MULTILINE)
    assert sorted(offered) == sorted((*CALL_KINDS, *WEBHOOK_KINDS, *PAYMENT_KINDS))
    page = text(config, "/")
    assert all(f'<option value="{target}">' in page for target in TARGETS)


def test_no_script_or_style_comes_from_another_place(config: SandboxConfig, driver: Driver) -> None:
    response = requests.get(f"{config.public_url}/", timeout=5)
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "style=" not in response.text and "//" not in "".join(re.findall(r'(?:href|src)="([^"]+)"', response.text))
