"""Tests of the code that the setup page asks for."""

import re

import pytest

from calhooks.accounts.setup_code import is_right, setup_code
from calhooks.config import Config


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "192.168.1.7"])
def test_every_process_knows_the_same_code(environ: dict[str, str], host: str) -> None:
    code = setup_code(Config.from_env(environ | {"CALHOOKS_HOST": host}))
    assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}", code)
    assert setup_code(Config.from_env(environ | {"CALHOOKS_HOST": host})) == code
    assert setup_code(Config.from_env(environ | {"CALHOOKS_HOST": host, "SECRET_KEY": "x" * 40})) != code


def test_the_code_is_taken_as_people_type_it(environ: dict[str, str]) -> None:
    config = Config.from_env(environ | {"CALHOOKS_HOST": "0.0.0.0"})
    code = setup_code(config)
    for typed in (code, code.lower(), code.replace("-", ""), f"  {code} ", code.replace("-", " ")):
        assert is_right(config, typed)
    for typed in ("", "-", code[:-1], "é" * 8, code + "A"):
        assert not is_right(config, typed)
