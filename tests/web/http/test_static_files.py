"""Static files stay in the browser until they change."""

import re
import shutil
from pathlib import Path

from flask import Flask, url_for
from flask.testing import FlaskClient

from calhooks.web.http import static_files

PAGE = "static/js/site/page.js"
ONE_YEAR = "public, max-age=31536000"


def site(folder: Path) -> Flask:
    """Return an application with nothing but the files of `folder`."""
    app = Flask(__name__, static_folder=folder / "static")
    static_files.init_app(app)
    return app


def folder_with(directory: Path, inner: str) -> Path:
    """Make the files of a page whose script imports a module that contains `inner`."""
    (directory / PAGE).parent.mkdir(parents=True)
    (directory / PAGE).write_text('import "./inner.js";\n')
    (directory / PAGE).with_name("inner.js").write_text(inner)
    (directory / "static" / "base.css").write_text("body {}")
    return directory


def address(app: Flask, filename: str) -> str:
    with app.test_request_context():
        return url_for("static", filename=filename)


def test_a_module_has_a_new_address_when_one_that_it_imports_has_changed(tmp_path: Path) -> None:
    before = site(folder_with(tmp_path / "before", "1;"))
    after = site(folder_with(tmp_path / "after", "2;"))
    same = site(shutil.copytree(tmp_path / "before", tmp_path / "same"))
    assert address(before, "js/site/page.js") == address(same, "js/site/page.js")
    assert address(before, "js/site/page.js") != address(after, "js/site/page.js")
    # What has not changed stays where the browser has it.
    assert address(before, "base.css") == address(after, "base.css")


def test_a_relative_import_leads_to_the_same_version(tmp_path: Path) -> None:
    app = site(folder_with(tmp_path, "1;"))
    inner = address(app, "js/site/page.js").replace("page.js", "inner.js")
    assert inner == address(app, "js/site/inner.js")
    answer = app.test_client().get(inner)
    assert answer.text == "1;"
    assert answer.headers["Cache-Control"] == ONE_YEAR


def test_what_a_page_from_before_an_update_gets_is_not_kept(tmp_path: Path) -> None:
    client = site(folder_with(tmp_path, "1;")).test_client()
    answer = client.get("/static/v-0123456789ab/js/site/page.js")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


def test_a_page_asks_at_once_for_all_that_its_script_imports(client: FlaskClient) -> None:
    html = client.get("/login", follow_redirects=True).text
    preloaded = set(re.findall(r'<link rel="modulepreload" href="([^"]+)">', html))
    waiting = re.findall(r'<script type="module" src="([^"]+)">', html)
    assert len(waiting) == 1
    imported: set[str] = set()
    while waiting:
        module = waiting.pop()
        for relative in re.findall(r'^import .*"(\.[^"]+)";$', client.get(module).text, re.MULTILINE):
            found = re.sub(r"[\w-]+/\.\./", "", f"{module.rpartition('/')[0]}/{relative}".replace("/./", "/"))
            if found not in imported:
                imported.add(found)
                waiting.append(found)
    assert imported == preloaded
    assert len(imported) > 2
