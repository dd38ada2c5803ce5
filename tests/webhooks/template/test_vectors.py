import json
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from calhooks.webhooks.template import TemplateError, compile_template

VECTORS = json.loads((Path(__file__).parent / "templates.json").read_text())
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("case", VECTORS["json"], ids=lambda case: case["template"][:40])
def test_a_receiver_reads_what_the_vector_says(case):
    assert json.loads(compile_template(case["template"]).render(VECTORS["context"])) == case["body"]


@pytest.mark.parametrize("case", VECTORS["form"], ids=lambda case: case["template"][:40])
def test_a_receiver_reads_the_form_fields_the_vector_says(case):
    body = compile_template(case["template"], FORM).render(VECTORS["context"])
    assert parse_qsl(body.decode(), strict_parsing=True) == [tuple(pair) for pair in case["pairs"]]


@pytest.mark.parametrize("template", VECTORS["rejected_on_saving"])
def test_a_template_that_cannot_always_give_json_is_refused(template):
    with pytest.raises(TemplateError):
        compile_template(template)
