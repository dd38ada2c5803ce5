import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from calhooks.db import writing
from calhooks.delivery.models.deliveries import Delivery
from calhooks.events import Trigger
from calhooks.webhooks.body.bodies import BodyShape
from calhooks.webhooks.body.samples import sample_body, sample_event
from calhooks.webhooks.dispatch import dispatch
from calhooks.webhooks.editor.json_layout import indented
from calhooks.webhooks.editor.preview import preview
from calhooks.webhooks.template import Piece, TemplateError
from tests.factories import create_webhook

TEMPLATE = (
    '{"names":[{{#each attendees}}"{{email}}"{{#unless @last}},{{/unless}}{{/each}}],"m":{{metadata}},"e":{},"f":[]}'
)


def test_a_preview_is_laid_out_with_its_values_told_apart():
    shown = preview(BodyShape("custom", TEMPLATE), sample_body(Trigger.PING))
    assert "".join(piece.text for piece in shown.pieces) == json.dumps(json.loads(shown.body), indent=2)
    assert [(piece.variable, piece.text) for piece in shown.pieces if piece.variable] == [
        ("{{email}}", "ann@example.com"),
        ("{{email}}", "bob@example.com"),
        ("{{metadata}}", '{\n    "user_id": "123"\n  }'),
    ]


@pytest.mark.parametrize(
    "shape",
    [
        BodyShape("default"),
        BodyShape("custom", TEMPLATE),
        BodyShape("custom", "a={{title}}&b={{metadata}}", "application/x-www-form-urlencoded"),
        BodyShape("custom", "Hello {{title}}", "text/plain"),
    ],
)
def test_a_preview_is_byte_for_byte_what_a_delivery_of_that_event_sends(rick, session, shape):
    create_webhook(
        rick,
        payload_format=shape.payload_format,
        payload_template=shape.payload_template,
        content_type=shape.content_type,
    )
    with writing() as writer:
        dispatch(writer, replace(sample_event(Trigger.BOOKING_CREATED), host_id=rick.id))
    delivery = session.scalars(select(Delivery)).one()
    shown = preview(shape, json.loads(delivery.event.payload))
    assert (shown.body, shown.content_type) == (delivery.sent_body, delivery.content_type)


def test_a_broken_template_has_no_preview():
    with pytest.raises(TemplateError):
        preview(BodyShape("custom", "{"), sample_body(Trigger.PING))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)


@given(json_values, st.data())
def test_json_is_laid_out_the_same_wherever_it_is_cut(value, data):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    ends = [*cuts, len(text)]
    pieces = [Piece(text[start:end], None) for start, end in zip([0, *cuts], ends, strict=True)]
    assert "".join(piece.text for piece in indented(pieces)) == json.dumps(value, ensure_ascii=False, indent=2)
