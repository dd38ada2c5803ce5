"""Presets: each gives a body in the shape that its service documents, for every event and for hostile values.

The shapes are those of: api.slack.com/reference/block-kit (July 2025), discord.com/developers/docs/resources/webhook,
adaptivecards.io and learn.microsoft.com on Workflows webhooks, developers.google.com/workspace/chat/api (cardsV2),
docs.ntfy.sh/publish, developers.mattermost.com on incoming webhooks, core.telegram.org/bots/api, developers.notion.com.
"""

import json
import re
from dataclasses import replace
from datetime import datetime
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qsl

import pytest

from calhooks.events import TRIGGERS, BookedTeam, Person, Trigger
from calhooks.webhooks.body.bodies import BodyShape, render_body
from calhooks.webhooks.body.payload import build_payload, template_context
from calhooks.webhooks.body.samples import BASE_URL, Sample, crowded_event, sample_body, sample_event
from calhooks.webhooks.editor.account_variables import Known
from calhooks.webhooks.editor.presets import PRESETS, find_preset, preset_for
from calhooks.webhooks.editor.remarks import remarks
from calhooks.webhooks.settings.headers import TypedHeader, header_errors, render_headers
from calhooks.webhooks.settings.validation import trials_for
from calhooks.webhooks.template import Trials, compile_template

HOSTILE = (
    '"}]<!channel> <@U1> <https://evil.example|x> @everyone @here <users/all> <b>b</b> [l](https://evil.example)\n'
    "# *bold* **x** _i_ ~s~ `c` ||s|| &amp; {{uid}} \\ 日本 🎉 1. - 2 = 3!"
)
CUSTOM = [preset for preset in PRESETS if preset.template]
NOT_EMPTY = re.compile(r"\S")


def events():
    """Give sample events of every trigger, and the longest and strangest values that a booking can hold."""
    for trigger in Trigger:
        yield sample_event(trigger)
        yield crowded_event(trigger)
        event = sample_event(trigger)
        longest = Person(name="N" * 200, email=f"{'e' * 300}@example.com", time_zone="Asia/Kolkata", locale="hi")
        reasons = {"cancellation_reason": "r" * 5000} if trigger is Trigger.BOOKING_CANCELLED else {}
        yield replace(
            event, title="T" * 1000, location="https://e.example/" + "l" * 980, attendees=(longest,), **reasons
        )
        host = replace(event.organizer, name="H" * 200)
        team = BookedTeam(id=1, name="S" * 200, slug="sales", hosts=(host,))
        yield replace(event, organizer=host, team=team)
        nameless = replace(event.attendees[0], name="")
        yield replace(event, title=HOSTILE, location="", description="", attendees=(nameless,), metadata={})
        yield replace(event, attendees=(replace(nameless, name=HOSTILE),), cancellation_reason=HOSTILE)


def bodies(key):
    preset = find_preset(key)
    shape = BodyShape("custom", preset.template, preset.content_type)
    for event in events():
        yield event, render_body(shape, build_payload(event, BASE_URL))


def json_bodies(key):
    for event, body in bodies(key):
        yield event, json.loads(body)


def text(value, most, least=1):
    assert isinstance(value, str)
    assert least <= len(value) <= most, (len(value), value)
    return value


def slack_markup(written):
    """Return the links and mentions of a mrkdwn text, and whether a formatting character could begin or end a span."""
    free = re.search(r"(?<![\s\u200b*_~`])[*_~`]+(?=[\s\u200b]|$)|(?<!\w)[*_~`](?![\s\u200b*_~`])", written)
    return re.findall("<[^>]*>", written), bool(free)


def test_slack():
    for _event, body in json_bodies("slack"):
        assert set(body) == {"text", "blocks"}
        assert slack_markup(text(body["text"], 4000)) == ([], False)
        assert len(body["blocks"]) <= 50
        for block in body["blocks"]:
            if block["type"] == "header":
                assert block["text"]["type"] == "plain_text"
                assert re.fullmatch(r"[A-Z][a-z ]+", text(block["text"]["text"], 150))
                continue
            assert block["type"] == "section"
            assert ("text" in block) != ("fields" in block)
            assert len(block.get("fields", [])) <= 10
            parts = block.get("fields", []) + ([block["text"]] if "text" in block else [])
            for part in parts:
                assert part["type"] == "mrkdwn"
                written = text(part["text"], 2000 if "fields" in block else 3000)
                if re.fullmatch(r"<https://\S+\|Open the booking>", written):
                    continue
                label, _, value = written.partition("\n")
                assert re.fullmatch(r"\*[A-Z][a-z]+\*", label)
                assert slack_markup(value) == ([], False)


def is_plain_markdown(written):
    """Tell whether every character that Markdown reads has a backslash before it, save those of a link."""
    if written.startswith("https://"):
        return True
    return not re.search(r"[`*~\[\]<>|]|(?<![^\W_])_|^#", re.sub(r"\\[^\sA-Za-z0-9]", "", written), re.MULTILINE)


def test_discord():
    for _event, body in json_bodies("discord"):
        assert set(body) == {"allowed_mentions", "embeds"}
        assert body["allowed_mentions"] == {"parse": []}
        (embed,) = body["embeds"]
        assert set(embed) <= {"title", "url", "timestamp", "fields"}
        assert is_plain_markdown(text(embed["title"], 256))
        assert embed["url"].startswith("https://")
        datetime.fromisoformat(embed["timestamp"])
        assert len(embed["fields"]) <= 25
        for field in embed["fields"]:
            assert set(field) <= {"name", "value", "inline"}
            text(field["name"], 256)
            assert NOT_EMPTY.search(text(field["value"], 1024))
            assert is_plain_markdown(field["value"])
            assert isinstance(field.get("inline", False), bool)
        assert sum(len(field["name"]) + len(field["value"]) for field in embed["fields"]) + len(embed["title"]) <= 6000


def test_microsoft_teams():
    for _event, body in json_bodies("teams"):
        assert set(body) == {"type", "attachments"}
        assert body["type"] == "message"
        (attachment,) = body["attachments"]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert attachment["contentUrl"] is None
        card = attachment["content"]
        assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
        assert card["$schema"] == "http://adaptivecards.io/schemas/adaptive-card.json"
        heading, *lines = card["body"]
        assert set(heading) == {"type", "text", "size", "weight", "wrap"}
        # The one text with Markdown has nothing of a booking.
        assert heading["type"] == "TextBlock"
        assert re.fullmatch(r"[A-Z][a-z ]+", heading["text"])
        for line in lines:
            assert set(line) == {"type", "inlines"}
            assert line["type"] == "RichTextBlock"
            for run in line["inlines"]:
                assert set(run) <= {"type", "text", "weight"}
                assert run["type"] == "TextRun"
                assert run["text"]
        assert [action["title"] for action in card["actions"]] in (["Join", "Open the booking"], ["Open the booking"])
        for action in card["actions"]:
            assert set(action) == {"type", "title", "url"}
            assert action["type"] == "Action.OpenUrl"
            assert action["url"].startswith("https://")
        assert len(json.dumps(body)) <= 28 * 1024


def tags_of(html):
    """Return the tags and the references to nothing that an HTML text has."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(html)
    parser.close()
    return found


def test_google_chat():
    for event, body in json_bodies("google-chat"):
        assert set(body) == {"text", "cardsV2"}
        # A text can call <users/all>: nothing of a booking stands in it.
        assert re.fullmatch(r"[A-Z][a-z ]+", body["text"])
        (card,) = body["cardsV2"]
        assert set(card) == {"cardId", "card"}
        assert set(card["card"]) == {"header", "sections"}
        assert re.fullmatch(r"[A-Z][a-z ]+", card["card"]["header"]["title"])
        (section,) = card["card"]["sections"]
        for widget in section["widgets"]:
            (kind,) = widget
            assert kind in ("decoratedText", "buttonList")
            if kind == "decoratedText":
                assert set(widget[kind]) == {"topLabel", "text", "wrapText"}
                assert NOT_EMPTY.search(widget[kind]["text"])
                assert tags_of(widget[kind]["text"]) == []
            else:
                (button,) = widget[kind]["buttons"]
                assert button["onClick"]["openLink"]["url"] == f"{BASE_URL}/booking/{event.uid}"
        assert len(json.dumps(body)) <= 32_000


def test_mattermost():
    for event, body in json_bodies("mattermost"):
        assert set(body) == {"text"}
        # A post may have 16,383 characters.
        title, *lines, link = re.sub(r"\n(?!\*\*|\[Open)", " ", text(body["text"], 16_383)).split("\n")
        assert is_plain_markdown(title.removeprefix("**").removesuffix("**"))
        assert [line.partition(":** ")[0] for line in lines][:3] == ["**When", "**Who", "**Where"]
        assert all(is_plain_markdown(line.partition(":** ")[2]) for line in lines)
        assert not re.search("@(?:everyone|here)", body["text"])
        assert link == f"[Open the booking]({BASE_URL}/booking/{event.uid})"


def test_telegram():
    for event, body in json_bodies("telegram"):
        assert set(body) == {"chat_id", "parse_mode", "link_preview_options", "text"}
        assert body["parse_mode"] == "HTML"
        html = body["text"]
        tags = [("b", {})] * (4 + bool(event.team) + bool(event.cancellation_reason))
        assert tags_of(html) == [*tags, ("a", {"href": f"{BASE_URL}/booking/{event.uid}"})]
        # Telegram refuses what is no tag or entity, and counts the text that is left.
        assert not re.search(r"&(?!(?:lt|gt|amp|quot|#39);)", html)
        text(unescape(re.sub("<[^>]*>", "", html)), 4096)
        assert event.title[:199] in unescape(html)


def test_notion():
    assert dict(find_preset("notion").headers) == {"Notion-Version": "2022-06-28"}
    for _event, body in json_bodies("notion"):
        assert set(body) == {"parent", "properties", "children"}
        texts = [
            *body["properties"]["title"]["title"],
            *(each["paragraph"]["rich_text"][0] for each in body["children"]),
        ]
        for part in texts:
            assert set(part) == {"text"}
            assert set(part["text"]) <= {"content", "link"}
            text(part["text"]["content"], 2000)


@pytest.mark.parametrize("preset", CUSTOM, ids=lambda preset: preset.key)
def test_a_name_is_shown_as_it_was_written(preset):
    """Undo each service's escape as the service does, and find the name."""
    undo = {
        "slack": lambda written: unescape(written).replace("\u200b", ""),
        "discord": lambda written: re.sub(r"\\([^\sA-Za-z0-9])", r"\1", written).replace("\u200b", ""),
        "google-chat": unescape,
        "telegram": unescape,
    }
    undo["mattermost"] = undo["discord"]
    event = sample_event(Trigger.BOOKING_CREATED)
    name = "A <!here> *b* _c_ `d` @all & \"e\" \\ [f](g) 'h' <b>"
    event = replace(event, attendees=(replace(event.attendees[0], name=name),))
    shape = BodyShape("custom", preset.template, preset.content_type)
    body = render_body(shape, build_payload(event, BASE_URL)).decode()
    if preset.content_type == "application/json":
        body = "\n".join(texts_in(json.loads(body)))
    elif preset.content_type == "application/x-www-form-urlencoded":
        body = dict(parse_qsl(body))["name"]
    assert name in undo.get(preset.key, str)(body)


def texts_in(value):
    if isinstance(value, dict | list):
        return [text for each in (value.values() if isinstance(value, dict) else value) for text in texts_in(each)]
    return [value] if isinstance(value, str) else []


def test_ntfy():
    preset = find_preset("ntfy")
    assert preset.content_type == "text/plain"
    assert header_errors([TypedHeader(*pair) for pair in preset.headers], None, Trials([])) == {}
    for event, body in bodies("ntfy"):
        assert NOT_EMPTY.search(body.decode())
        assert len(body) <= 4096
        headers = dict(render_headers(preset.headers, build_payload(event, BASE_URL)))
        assert set(headers) == {"Title", "Tags", "Click"}
        assert "\n" not in headers["Title"]
        assert headers["Click"] == f"{BASE_URL}/booking/{event.uid}"


def test_a_plain_form():
    assert find_preset("form").content_type == "application/x-www-form-urlencoded"
    names = ["event", "title", "start", "end", "name", "email", "location", "uid"]
    for event, body in bodies("form"):
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        assert [name for name, _ in pairs] == [*names, *(["team", "host"] if event.team else []), "metadata"]
        assert dict(pairs)["title"] == event.title
        assert json.loads(dict(pairs)["metadata"]) == event.metadata


@pytest.mark.parametrize("key", ["n8n", "zapier", "make"])
def test_automation_services_take_the_default_body(key):
    preset = find_preset(key)
    assert (preset.template, preset.content_type, preset.headers) == (None, "application/json", ())
    assert preset.how_to


@pytest.mark.parametrize("preset", CUSTOM, ids=lambda preset: preset.key)
def test_a_preset_can_be_saved_for_every_event_and_needs_no_warning(preset):
    trials_for([*TRIGGERS, Trigger.PING], 1).check(compile_template(preset.template, preset.content_type))
    said = remarks(compile_template(preset.template, preset.content_type), TRIGGERS, Known())
    assert [remark.message for remark in said if not remark.is_note] == []


@pytest.mark.parametrize("preset", CUSTOM[:-1], ids=lambda preset: preset.key)
def test_times_read_as_a_person_writes_them(preset):
    context = template_context(build_payload(sample_event(Trigger.BOOKING_CREATED), BASE_URL))
    body = compile_template(preset.template, preset.content_type).render(context).decode()
    assert "Thursday, March 5, 2026, 9:00 AM – 9:30 AM (Europe/London)" in body
    assert "Ann Lee" in body


@pytest.mark.parametrize("preset", CUSTOM, ids=lambda preset: preset.key)
def test_of_a_team_s_booking_the_host_and_the_team_are_said(preset):
    shape = BodyShape("custom", preset.template, preset.content_type)
    for sample, is_said in ((Sample.ROUND_ROBIN, True), (Sample.PERSONAL, False)):
        body = render_body(shape, sample_body(Trigger.BOOKING_CREATED, sample=sample)).decode()
        assert ("Rick" in body and "Sales" in body) is is_said


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://hooks.slack.com/services/T0/B0/x", "slack"),
        ("  https://hooks.slack.com/triggers/E0/1/x ", "slack"),
        ("https://discord.com/api/webhooks/1/x", "discord"),
        ("https://canary.discord.com/api/v10/webhooks/1/x", "discord"),
        ("https://discordapp.com/api/webhooks/1/x", "discord"),
        ("https://prod-12.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=y", "teams"),
        ("https://default1.2.environment.api.powerplatform.com/powerautomate/automations/direct/x", "teams"),
        ("https://acme.webhook.office.com/webhookb2/x", "teams"),
        ("https://chat.googleapis.com/v1/spaces/AAA/messages?key=k&token=t", "google-chat"),
        ("https://ntfy.sh/my-bookings", "ntfy"),
        ("https://chat.example.com/hooks/xhs6kqr9dfnm8mmyemixc4f5gc", "mattermost"),
        ("https://example.com/team/hooks/xhs6kqr9dfnm8mmyemixc4f5gc", "mattermost"),
        ("https://example.com/hooks/short", None),
        ("https://api.telegram.org/bot123:abc/sendMessage", "telegram"),
        ("https://api.telegram.org/bot123:abc/getUpdates", None),
        ("https://api.notion.com/v1/pages", "notion"),
        ("https://acme.app.n8n.cloud/webhook/1-2", "n8n"),
        ("https://hooks.zapier.com/hooks/catch/1/x/", "zapier"),
        ("https://hook.eu2.make.com/abc", "make"),
        ("https://hook.integromat.com/abc", "make"),
        ("https://example.com/hooks.slack.com/", None),
        ("https://hooks.slack.com.evil.example/", None),
        ("http://discord.example/api/webhooks/1", None),
        ("", None),
    ],
)
def test_an_address_tells_its_service(url, key):
    found = preset_for(url)
    assert (found and found.key) == key
