"""Ready-made templates for the services that people send bookings to, in the shape that each one documents.

Values stand where they can mention nobody, and in Slack where they are no markup. Discord, Teams and Google Chat have
no such place: there a name in bold is bold.
"""

import re
from dataclasses import dataclass

from calhooks.webhooks.template import ContentType

WHEN = '{{date startTime format="full"}} – {{date endTime format="time"}} ({{organizer.timeZone}})'
WHO = "{{default attendees.0.name attendees.0.email}}"
# Only a team's bookings say it: others have one and the same host.
TEAM_HOST = "{{organizer.name}}, {{truncate team.name 200}}"

SLACK = """\
{
  "text": "{{words triggerEvent}}: {{truncate title 150}}",
  "blocks": [
    {"type": "header", "text": {"type": "plain_text", "text": "{{words triggerEvent}}"}},
    {"type": "section", "fields": [
      {"type": "plain_text", "text": "{{title}}"},
      {"type": "plain_text", "text": "WHEN"},
      {"type": "plain_text", "text": "WHO, {{attendees.0.email}}"},
      {"type": "plain_text", "text": "{{default location "Place to be agreed"}}"}
      {{#if team.name}},
      {"type": "plain_text", "text": "HOST"}
      {{/if}}
    ]},
    {{#if cancellationReason}}
    {"type": "section", "text": {"type": "plain_text", "text": "{{truncate cancellationReason 2000}}"}},
    {{/if}}
    {"type": "section", "text": {"type": "mrkdwn", "text": "<{{bookingUrl}}|Open the booking>"}}
  ]
}
"""

DISCORD = """\
{
  "allowed_mentions": {"parse": []},
  "embeds": [{
    "title": "{{words triggerEvent}}: {{truncate title 200}}",
    "url": "{{bookingUrl}}",
    "timestamp": "{{createdAt}}",
    "fields": [
      {"name": "When", "value": "WHEN"},
      {"name": "Who", "value": "WHO, {{attendees.0.email}}", "inline": true},
      {"name": "Where", "value": "{{default location "to be agreed"}}", "inline": true}
      {{#if team.name}},
      {"name": "Host", "value": "HOST", "inline": true}
      {{/if}}
      {{#if cancellationReason}},
      {"name": "Why", "value": "{{truncate cancellationReason 1000}}"}
      {{/if}}
    ]
  }]
}
"""

TEAMS = """\
{
  "type": "message",
  "attachments": [{
    "contentType": "application/vnd.microsoft.card.adaptive",
    "contentUrl": null,
    "content": {
      "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
      "type": "AdaptiveCard",
      "version": "1.4",
      "body": [
        {"type": "TextBlock", "text": "{{words triggerEvent}}", "size": "medium", "weight": "bolder", "wrap": true},
        {"type": "TextBlock", "text": "{{title}}", "wrap": true},
        {"type": "FactSet", "facts": [
          {"title": "When", "value": "WHEN"},
          {"title": "Who", "value": "WHO, {{attendees.0.email}}"},
          {"title": "Where", "value": "{{default location "to be agreed"}}"}
          {{#if team.name}},
          {"title": "Host", "value": "HOST"}
          {{/if}}
          {{#if cancellationReason}},
          {"title": "Why", "value": "{{cancellationReason}}"}
          {{/if}}
        ]}
      ],
      "actions": [{"type": "Action.OpenUrl", "title": "Open the booking", "url": "{{bookingUrl}}"}]
    }
  }]
}
"""

GOOGLE_CHAT = """\
{
  "text": "{{words triggerEvent}}",
  "cardsV2": [{
    "cardId": "booking",
    "card": {
      "header": {"title": "{{truncate title 200}}", "subtitle": "WHO"},
      "sections": [{"widgets": [
        {"decoratedText": {"topLabel": "When", "text": "WHEN", "wrapText": true}},
        {"decoratedText": {"topLabel": "Who", "text": "{{attendees.0.email}}", "wrapText": true}},
        {"decoratedText": {"topLabel": "Where", "text": "{{default location "to be agreed"}}", "wrapText": true}},
        {{#if team.name}}
        {"decoratedText": {"topLabel": "Host", "text": "HOST", "wrapText": true}},
        {{/if}}
        {{#if cancellationReason}}
        {"decoratedText": {"topLabel": "Why", "text": "{{cancellationReason}}", "wrapText": true}},
        {{/if}}
        {"buttonList": {"buttons": [
          {"text": "Open the booking", "onClick": {"openLink": {"url": "{{bookingUrl}}"}}}
        ]}}
      ]}]
    }
  }]
}
"""

NTFY = """\
WHO, WHEN
{{default location "Place to be agreed"}}
{{#if team.name}}
HOST
{{/if}}
{{#if cancellationReason}}
{{truncate cancellationReason 1000}}
{{/if}}
"""

FORM = """\
event={{triggerEvent}}
&title={{title}}
&start={{startTime}}
&end={{endTime}}
&name={{attendees.0.name}}
&email={{attendees.0.email}}
&location={{location}}
&uid={{uid}}
{{#if team.name}}
&team={{team.name}}
&host={{organizer.name}}
{{/if}}
&metadata={{json metadata}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What to fill into the box. Without a `template` it is the default body that fits.

    `url` is a regular expression, in Python and in JavaScript, that knows addresses of the service.
    """

    key: str
    label: str
    how_to: str
    url: str = ""
    template: str | None = None
    content_type: ContentType = ContentType.JSON
    headers: tuple[tuple[str, str], ...] = ()


def _filled(template: str) -> str:
    """Return a template with the times and people that all of them write alike."""
    return template.replace("WHEN", WHEN).replace("WHO", WHO).replace("HOST", TEAM_HOST)


PRESETS = (
    Preset(
        key="slack",
        label="Slack",
        url=r"^https://hooks\.slack(-gov)?\.com/",
        template=_filled(SLACK),
        how_to="In Slack, make an app, switch Incoming Webhooks on, add one to a channel, and paste its address above.",
    ),
    Preset(
        key="discord",
        label="Discord",
        url=r"^https://(\w+\.)?discord(app)?\.com/api/(v\d+/)?webhooks/",
        template=_filled(DISCORD),
        how_to="In Discord, open the channel’s settings, Integrations, Webhooks, and copy the address of a new one.",
    ),
    Preset(
        key="teams",
        label="Microsoft Teams",
        url=r"^https://[\w.-]+\.(logic\.azure\.com|powerplatform\.com|webhook\.office\.com)(:443)?/",
        template=_filled(TEAMS),
        how_to="In Teams, open the channel’s Workflows, choose to post when a webhook request is received, and copy "
        "its address.",
    ),
    Preset(
        key="google-chat",
        label="Google Chat",
        url=r"^https://chat\.googleapis\.com/v1/spaces/",
        template=_filled(GOOGLE_CHAT),
        how_to="In the space’s menu choose Apps & integrations, Webhooks, and copy the address of a new one.",
    ),
    Preset(
        key="ntfy",
        label="ntfy",
        url=r"^https://ntfy\.sh/[\w-]+/?$",
        template=_filled(NTFY),
        content_type=ContentType.TEXT,
        headers=(
            ("Title", "{{words triggerEvent}}: {{truncate title 200}}"),
            ("Tags", "calendar"),
            ("Click", "{{bookingUrl}}"),
        ),
        how_to="The address is that of your topic, such as https://ntfy.sh/my-bookings. Title and link go as headers.",
    ),
    Preset(
        key="n8n",
        label="n8n",
        url=r"^https://[\w.-]+\.n8n\.cloud/webhook(-test)?/",
        how_to="Begin the workflow with a Webhook node for POST and paste its production address above. Every value of "
        "the body is then under body.payload.",
    ),
    Preset(
        key="zapier",
        label="Zapier",
        url=r"^https://hooks\.zapier\.com/hooks/catch/",
        how_to="Begin the Zap with Webhooks by Zapier, Catch Hook, and paste its address above. Send a ping test, so "
        "that Zapier learns the fields.",
    ),
    Preset(
        key="make",
        label="Make",
        url=r"^https://hook\.([\w-]+\.)?(make|integromat)\.(com|celonis\.com)/",
        how_to="Begin the scenario with Webhooks, Custom webhook, and paste its address above. Send a ping test while "
        "it is determining the data structure.",
    ),
    Preset(
        key="form",
        label="Plain form",
        template=FORM,
        content_type=ContentType.FORM,
        how_to="Sent as a browser sends a form: one name and value each, for scripts that read nothing else.",
    ),
)


def find_preset(key: str) -> Preset | None:
    """Return a preset by its key."""
    return next((preset for preset in PRESETS if preset.key == key), None)


def preset_for(url: str) -> Preset | None:
    """Return the preset of the service that an address belongs to."""
    return next((preset for preset in PRESETS if preset.url and re.search(preset.url, url.strip())), None)
