"""The templates of the presets, each in the shape that its service documents.

Text of a booker is shown as written: it is escaped for its service, or is in a place that has no markup. It is cut to a
length that the service takes even when every character is escaped.
"""

from collections.abc import Iterable

WHEN = '{{date startTime format="full"}} – {{date endTime format="time"}} ({{organizer.timeZone}})'
NAME = "default attendees.0.name attendees.0.email"
WHO = f"{{{{{NAME}}}}}"
# Only a team's bookings say it: others have one and the same host.
TEAM_HOST = "{{organizer.name}}, {{truncate team.name 200}}"
# A link stays one where it is not escaped.
MARKDOWN_WHERE = (
    "{{#if videoCallData.url}}{{truncate videoCallData.url 1000}}"
    '{{else}}{{markdown (truncate (default location "to be agreed") 500)}}{{/if}}'
)


def _filled(template: str, escape: str = "", lines: Iterable[str] = ()) -> str:
    """Return a template with the times and people that all of them write alike, the people by an escape.

    `lines` are those of a message that is one JSON text.
    """
    template = template.replace("LINES", r"\n".join(lines))
    who, host = WHO, TEAM_HOST
    if escape:
        who = f"{{{{{escape} (truncate ({NAME}) 120)}}}}, {{{{{escape} (truncate attendees.0.email 240)}}}}"
        host = f"{{{{{escape} (truncate organizer.name 120)}}}}, {{{{{escape} (truncate team.name 120)}}}}"
    return template.replace("WHEN", WHEN).replace("WHO", who).replace("HOST", host)


SLACK = _filled(
    """\
{
  "text": "{{words triggerEvent}}: {{slack (truncate title 150)}}",
  "blocks": [
    {"type": "header", "text": {"type": "plain_text", "text": "{{words triggerEvent}}"}},
    {"type": "section", "fields": [
      {"type": "mrkdwn", "text": "*What*\\n{{slack (truncate title 300)}}"},
      {"type": "mrkdwn", "text": "*When*\\nWHEN"},
      {"type": "mrkdwn", "text": "*Who*\\nWHO"},
      {"type": "mrkdwn", "text": "*Where*\\n{{slack (truncate (default location "to be agreed") 350)}}"}
      {{#if team.name}},
      {"type": "mrkdwn", "text": "*Host*\\nHOST"}
      {{/if}}
    ]},
    {{#if cancellationReason}}
    {"type": "section", "text": {"type": "mrkdwn", "text": "*Why*\\n{{slack (truncate cancellationReason 500)}}"}},
    {{/if}}
    {"type": "section", "text": {"type": "mrkdwn", "text": "<{{bookingUrl}}|Open the booking>"}}
  ]
}
""",
    "slack",
)

DISCORD = _filled(
    """\
{
  "allowed_mentions": {"parse": []},
  "embeds": [{
    "title": "{{words triggerEvent}}: {{markdown (truncate title 110)}}",
    "url": "{{bookingUrl}}",
    "timestamp": "{{createdAt}}",
    "fields": [
      {"name": "When", "value": "WHEN"},
      {"name": "Who", "value": "WHO", "inline": true},
      {"name": "Where", "value": "WHERE", "inline": true}
      {{#if team.name}},
      {"name": "Host", "value": "HOST", "inline": true}
      {{/if}}
      {{#if cancellationReason}},
      {"name": "Why", "value": "{{markdown (truncate cancellationReason 500)}}"}
      {{/if}}
    ]
  }]
}
""".replace("WHERE", MARKDOWN_WHERE),
    "markdown",
)

# A TextRun has no Markdown, in which a name between stars would be bold.
TEAMS = _filled(
    """\
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
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "{{title}}"}]},
        {"type": "RichTextBlock", "inlines": [
          {"type": "TextRun", "text": "When: ", "weight": "bolder"}, {"type": "TextRun", "text": "WHEN"}
        ]},
        {"type": "RichTextBlock", "inlines": [
          {"type": "TextRun", "text": "Who: ", "weight": "bolder"},
          {"type": "TextRun", "text": "WHO, {{attendees.0.email}}"}
        ]},
        {"type": "RichTextBlock", "inlines": [
          {"type": "TextRun", "text": "Where: ", "weight": "bolder"},
          {"type": "TextRun", "text": "{{default location "to be agreed"}}"}
        ]}
        {{#if team.name}},
        {"type": "RichTextBlock", "inlines": [
          {"type": "TextRun", "text": "Host: ", "weight": "bolder"}, {"type": "TextRun", "text": "HOST"}
        ]}
        {{/if}}
        {{#if cancellationReason}},
        {"type": "RichTextBlock", "inlines": [
          {"type": "TextRun", "text": "Why: ", "weight": "bolder"},
          {"type": "TextRun", "text": "{{cancellationReason}}"}
        ]}
        {{/if}}
      ],
      "actions": [
        {{#if videoCallData.url}}
        {"type": "Action.OpenUrl", "title": "Join", "url": "{{videoCallData.url}}"},
        {{/if}}
        {"type": "Action.OpenUrl", "title": "Open the booking", "url": "{{bookingUrl}}"}
      ]
    }
  }]
}
"""
)

# The text under a label may have HTML; a text outside of the card could call <users/all>.
GOOGLE_CHAT = _filled(
    """\
{
  "text": "{{words triggerEvent}}",
  "cardsV2": [{
    "cardId": "booking",
    "card": {
      "header": {"title": "{{words triggerEvent}}"},
      "sections": [{"widgets": [
        {"decoratedText": {"topLabel": "What", "text": "{{html (truncate title 300)}}", "wrapText": true}},
        {"decoratedText": {"topLabel": "When", "text": "WHEN", "wrapText": true}},
        {"decoratedText": {"topLabel": "Who", "text": "WHO", "wrapText": true}},
        {"decoratedText": {"topLabel": "Where", "text": "WHERE", "wrapText": true}},
        {{#if team.name}}
        {"decoratedText": {"topLabel": "Host", "text": "HOST", "wrapText": true}},
        {{/if}}
        {{#if cancellationReason}}
        {"decoratedText": {"topLabel": "Why", "text": "{{html (truncate cancellationReason 2000)}}", "wrapText": true}},
        {{/if}}
        {"buttonList": {"buttons": [
          {"text": "Open the booking", "onClick": {"openLink": {"url": "{{bookingUrl}}"}}}
        ]}}
      ]}]
    }
  }]
}
""".replace("WHERE", '{{html (default location "to be agreed")}}'),
    "html",
)

MATTERMOST = _filled(
    """\
{
  "text": "LINES"
}
""",
    "markdown",
    lines=(
        "**{{words triggerEvent}}: {{markdown (truncate title 300)}}**",
        "**When:** WHEN",
        "**Who:** WHO",
        f"**Where:** {MARKDOWN_WHERE}"
        r"{{#if team.name}}\n**Host:** HOST{{/if}}"
        r"{{#if cancellationReason}}\n**Why:** {{markdown (truncate cancellationReason 1000)}}{{/if}}",
        "[Open the booking]({{bookingUrl}})",
    ),
)

TELEGRAM = _filled(
    """\
{
  "chat_id": "@your_channel",
  "parse_mode": "HTML",
  "link_preview_options": {"is_disabled": true},
  "text": "LINES"
}
""",
    "html",
    lines=(
        "<b>{{words triggerEvent}}: {{html (truncate title 200)}}</b>",
        "<b>When:</b> WHEN",
        "<b>Who:</b> WHO",
        '<b>Where:</b> {{html (truncate (default location "to be agreed") 1000)}}'
        r"{{#if team.name}}\n<b>Host:</b> HOST{{/if}}"
        r"{{#if cancellationReason}}\n<b>Why:</b> {{html (truncate cancellationReason 1000)}}{{/if}}",
        r"<a href=\"{{html bookingUrl}}\">Open the booking</a>",
    ),
)

# Notion shows a text as it is written.
NOTION = _filled(
    """\
{
  "parent": {"database_id": "YOUR_DATABASE_ID"},
  "properties": {"title": {"title": [{"text": {"content": "{{words triggerEvent}}: {{truncate title 1000}}"}}]}},
  "children": [
    {"paragraph": {"rich_text": [{"text": {"content": "When: WHEN"}}]}},
    {"paragraph": {"rich_text": [{"text": {"content": "Who: WHO, {{attendees.0.email}}"}}]}},
    {"paragraph": {"rich_text": [{"text": {"content": "Where: {{default location "to be agreed"}}"}}]}},
    {{#if team.name}}
    {"paragraph": {"rich_text": [{"text": {"content": "Host: HOST"}}]}},
    {{/if}}
    {{#if cancellationReason}}
    {"paragraph": {"rich_text": [{"text": {"content": "Why: {{truncate cancellationReason 1900}}"}}]}},
    {{/if}}
    {"paragraph": {"rich_text": [{"text": {"content": "Open the booking", "link": {"url": "{{bookingUrl}}"}}}]}}
  ]
}
"""
)

NTFY = _filled(
    """\
WHO, WHEN
{{default location "Place to be agreed"}}
{{#if team.name}}
HOST
{{/if}}
{{#if cancellationReason}}
{{truncate cancellationReason 1000}}
{{/if}}
"""
)

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
