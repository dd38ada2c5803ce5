"""The services that people send bookings to, with a ready-made template for each."""

import re
from dataclasses import dataclass

from calhooks.webhooks.editor import preset_templates
from calhooks.webhooks.template import ContentType


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


PRESETS = (
    Preset(
        key="slack",
        label="Slack",
        url=r"^https://hooks\.slack(-gov)?\.com/",
        template=preset_templates.SLACK,
        how_to="In Slack, make an app, switch Incoming Webhooks on, add one to a channel, and paste its address above.",
    ),
    Preset(
        key="discord",
        label="Discord",
        url=r"^https://(\w+\.)?discord(app)?\.com/api/(v\d+/)?webhooks/",
        template=preset_templates.DISCORD,
        how_to="In Discord, open the channel’s settings, Integrations, Webhooks, and copy the address of a new one.",
    ),
    Preset(
        key="teams",
        label="Microsoft Teams",
        url=r"^https://[\w.-]+\.(logic\.azure\.com|powerplatform\.com|webhook\.office\.com)(:443)?/",
        template=preset_templates.TEAMS,
        how_to="In Teams, open the channel’s Workflows, choose to post when a webhook request is received, and copy "
        "its address.",
    ),
    Preset(
        key="google-chat",
        label="Google Chat",
        url=r"^https://chat\.googleapis\.com/v1/spaces/",
        template=preset_templates.GOOGLE_CHAT,
        how_to="In the space’s menu choose Apps & integrations, Webhooks, and copy the address of a new one.",
    ),
    Preset(
        key="mattermost",
        label="Mattermost",
        url=r"^https?://[^/]+(/[^?#]+)?/hooks/[a-z0-9]{26}$",
        template=preset_templates.MATTERMOST,
        how_to="In Mattermost, open Integrations, Incoming Webhooks, add one for a channel, and paste its URL above.",
    ),
    Preset(
        key="telegram",
        label="Telegram",
        url=r"^https://api\.telegram\.org/bot[^/]+/sendMessage$",
        template=preset_templates.TELEGRAM,
        how_to="Make a bot with @BotFather and add it to your channel. The URL is "
        "https://api.telegram.org/bot<token>/sendMessage. Replace @your_channel with your channel or chat ID.",
    ),
    Preset(
        key="notion",
        label="Notion",
        url=r"^https://api\.notion\.com/v1/pages$",
        template=preset_templates.NOTION,
        headers=(("Notion-Version", "2022-06-28"),),
        how_to="The URL is https://api.notion.com/v1/pages. Make an integration, share your database with it, replace "
        "YOUR_DATABASE_ID, and add a secret header Authorization with Bearer and the integration’s secret.",
    ),
    Preset(
        key="ntfy",
        label="ntfy",
        url=r"^https://ntfy\.sh/[\w-]+/?$",
        template=preset_templates.NTFY,
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
        template=preset_templates.FORM,
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
