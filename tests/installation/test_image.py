"""The container image has what it needs: its files are put together as the Dockerfile says, and run from there."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin

import pytest
import requests
from flask import Flask

from tests.running import OURS, ROOT, START_SECONDS, free_port

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()
IGNORED = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
OWN_SERVICES = ("web", "worker", "scheduler", "migrate")
SERVICES = (*OWN_SERVICES, "postgres", "redis")
RICK = {
    "name": "Rick",
    "username": "rick",
    "email": "rick@example.com",
    "password": "never gonna give",
    "timeZone": "Europe/London",
}


def instructions(name: str) -> list[str]:
    """Return the arguments of each such instruction of the Dockerfile."""
    whole = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} +(.+)$", whole, re.MULTILINE)


def is_sent(path: PurePosixPath) -> bool:
    """Tell whether .dockerignore lets a file through: the last pattern decides that matches it or a folder above it."""
    sent = True
    for pattern in IGNORED:
        names = [str(path), *map(str, path.parents)][:-1]
        if any(fnmatch.fnmatchcase(name, pattern.lstrip("!").replace("**/", "*")) for name in names):
            sent = pattern.startswith("!")
    return sent


def copy(sources: list[str], to: str, workdir: Path) -> None:
    """Do what COPY does: files into a folder, a folder's contents into one."""
    for source in sources:
        found = ROOT / source
        for file in [found] if found.is_file() else [each for each in found.rglob("*") if each.is_file()]:
            if is_sent(PurePosixPath(file.relative_to(ROOT))):
                below = Path(found.name) if found.is_file() else file.relative_to(found)
                target = workdir / to / below
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the image in which calhooks is."""
    workdir = tmp_path_factory.mktemp("image")
    for line in instructions("COPY"):
        *sources, to = line.split()
        copy(sources, to, workdir)
    return workdir


@pytest.fixture(scope="module")
def server(image: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the image's web server, which has neither the repository nor anything else to read."""
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    variables = inherited | {
        "CALHOOKS_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "CALHOOKS_BASE_URL": f"http://127.0.0.1:{port}",
        "REDIS_URL": redis_url,
        # Without it there is no page for a forgotten password.
        "MAIL_URL": "smtp://127.0.0.1:9",
        "MAIL_FROM": "calendar@example.com",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "app:app"]
    process = subprocess.Popen(command, cwd=image, env=variables)
    try:
        yield answering(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def answering(url: str) -> str:
    """Wait for the first answer, and return the address."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(f"{url}/healthz", timeout=30)
            return url
        except requests.ConnectionError:
            time.sleep(0.05)
    raise TimeoutError(url)


@pytest.fixture(scope="module")
def rick(server: str) -> requests.Session:
    """The browser of the first account, made at the setup page."""
    browser = requests.Session()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(f"{server}/setup", timeout=30).text)
    assert token is not None
    made = browser.post(f"{server}/setup", data=RICK | {"csrf_token": token[1]}, timeout=30)
    assert made.status_code == 200
    return browser


def test_only_what_is_needed_is_sent_to_the_builder() -> None:
    sent = {str(path.relative_to(ROOT)) for path in ROOT.iterdir() if is_sent(PurePosixPath(path.name))}
    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}
    assert sent == copied
    assert not is_sent(PurePosixPath("calhooks/web/__pycache__/app.cpython-313.pyc"))
    assert not is_sent(PurePosixPath("instance/secret_key"))
    assert not is_sent(PurePosixPath(".env"))


def test_every_page_that_needs_no_row_opens_in_the_image(app: Flask, rick: requests.Session, server: str) -> None:
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments - set(rule.defaults or ())
    ]
    assert len(rules) > 15
    answers = {rule.rule: rick.get(server + rule.rule, timeout=30, allow_redirects=False).status_code for rule in rules}
    failed = {path: status for path, status in answers.items() if status not in (200, 302, 303, 308)}
    # No worker runs here, and the first account is made.
    assert failed == {"/readyz": 503, "/setup": 404}
    assert answers["/docs/webhooks"] == answers["/integrations"] == 200
    assert requests.get(f"{server}/login", timeout=30).status_code == 200


def test_a_booking_page_and_what_it_links_to_open_in_the_image(rick: requests.Session, server: str) -> None:
    for path in ("/rick", "/rick/30min", "/integrations/webhooks/new"):
        page = rick.get(server + path, timeout=30)
        assert page.status_code == 200
        for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
            assert requests.get(urljoin(server, address), timeout=30).status_code == 200, address


def test_every_static_file_is_in_the_image(server: str) -> None:
    files = [path for path in (ROOT / "static").rglob("*") if path.is_file()]
    assert len(files) > 50
    for path in files:
        assert requests.get(f"{server}/{path.relative_to(ROOT)}", timeout=30).status_code == 200, path


def test_the_licence_goes_with_the_copies(image: Path) -> None:
    assert (image / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_the_image_installs_nothing_but_what_was_locked() -> None:
    installs = [line for line in instructions("RUN") if "pip install" in line]
    assert [line for line in installs if "--require-hashes -r requirements.lock" not in line] == []


def test_the_image_runs_as_a_user_of_its_own() -> None:
    assert instructions("USER") == ["calhooks"]
    assert DOCKERFILE.index("USER calhooks") < DOCKERFILE.index("\nCMD ")


# compose.yaml, read line by line: no library here reads YAML.


def block(heading: str, text: str = COMPOSE, indent: int = 0) -> str:
    """Return what is further indented below a heading."""
    found = re.search(rf"^ {{{indent}}}{heading}:[^\n]*\n((?: {{{indent + 1}}}[^\n]*\n|\n)*)", text, re.MULTILINE)
    assert found is not None, heading
    return found[1]


def own_lines(name: str) -> str:
    """Return what stands in the service itself."""
    return block(name, block("services"), 2)


def whole(name: str) -> str:
    """Return a service with what it takes over from others."""
    text, taken = own_lines(name), re.search(r"<<: \*(\w+)", own_lines(name))
    while taken is not None:
        inherited = block(f"x-{taken[1]}")
        text, taken = text + inherited, re.search(r"<<: \*(\w+)", inherited)
    return text


def test_compose_has_the_services_that_are_looked_at_here() -> None:
    assert tuple(re.findall(r"^  (\w+):$", block("services"), re.MULTILINE)) == SERVICES


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_can_write_to_its_image_or_gain_privileges(name: str) -> None:
    text = whole(name)
    for hardening in ("read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]'):
        assert hardening in text
    assert re.search(r"tmpfs: \[/tmp[,\]]", text)
    # The image of calhooks has a user; the other two would start as root.
    assert name in OWN_SERVICES or f"user: {name}" in text


def test_postgres_can_make_its_socket_where_a_link_is_not_followed() -> None:
    assert "tmpfs: [/tmp, /run/postgresql]" in own_lines("postgres")


def test_only_the_web_server_is_published_and_only_to_this_machine() -> None:
    published = {name: re.findall(r"ports: \[(.+)\]", own_lines(name)) for name in SERVICES}
    assert {name: ports for name, ports in published.items() if ports} == {"web": ['"127.0.0.1:8000:8000"']}


def test_only_what_sends_requests_reaches_the_internet() -> None:
    own = {name: re.findall(r"networks: \[(.+)\]", own_lines(name)) for name in SERVICES}
    assert "internal: true" in block("data", block("networks"), 2)
    assert "networks: [data]" in block("x-calhooks")
    assert {name for name, networks in own.items() if networks and "outside" in networks[0]} == {"web", "worker"}
    assert own["postgres"] == own["redis"] == ["data"]


def test_redis_wants_a_password_and_everything_knows_it() -> None:
    assert '"--requirepass", "${REDIS_PASSWORD:?must be in .env}"' in whole("redis")
    assert "REDIS_URL: redis://:${REDIS_PASSWORD:?must be in .env}@redis" in block("x-calhooks")


def test_the_documents_name_every_variable_that_compose_wants() -> None:
    wanted = set(re.findall(r"\$\{(\w+):\?", COMPOSE))
    example = (ROOT / "docs" / "self-hosting.md").read_text().split("## With containers")[1].split("\n## ")[0]
    assert wanted == set(re.findall(r"^    (\w+)=", example, re.MULTILINE))
