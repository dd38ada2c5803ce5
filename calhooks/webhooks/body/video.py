"""Which video service a meeting link belongs to, by the names that Cal.com has for them."""

import re
from functools import lru_cache

# A plain link, as Cal.com calls a location of this kind.
PLAIN_LINK = "link"
SERVICES = {
    "zoom.us": "zoom_video",
    "zoomgov.com": "zoom_video",
    "meet.google.com": "google_video",
    "teams.microsoft.com": "office365_video",
    "teams.microsoft.us": "office365_video",
    "teams.live.com": "office365_video",
    "cal.com/video": "daily_video",
    "app.cal.com/video": "daily_video",
    "daily.co": "daily_video",
    "meet.jit.si": "jitsi_video",
    "8x8.vc": "eightxeight_video",
    "whereby.com": "whereby_video",
    "webex.com": "webex_video",
    "around.co": "around_video",
    "riverside.fm": "riverside_video",
    "huddle01.com": "huddle01_video",
    "huddle01.app": "huddle01_video",
    "tandem.chat": "tandem_video",
    "ping.gg": "ping_video",
    "discord.com": "discord_video",
    "discord.gg": "discord_video",
    "wa.me": "whatsapp_video",
    "t.me": "telegram_video",
    "facetime.apple.com": "facetime_video",
    "join.skype.com": "skype_video",
    "campfire.to": "campfire_video",
    "salesroom.com": "salesroom_video",
    "demodesk.com": "demodesk_video",
}
LINK = re.compile(r"https?://(?:[^\s/?#@]*@)?(?P<host>[^\s/?#:@]+)(?::\d+)?(?P<path>[^\s?#]*)\S*", re.IGNORECASE)


@lru_cache(maxsize=1000)
def video_type(location: str) -> str:
    """Return the service of a location that is a link, PLAIN_LINK for any other host, "" if it is not a link."""
    link = LINK.fullmatch(location)
    if link is None:
        return ""
    host, first = link["host"].lower().rstrip("."), link["path"].split("/")[1:2]
    within = [host, *(host[dot + 1 :] for dot, letter in enumerate(host) if letter == ".")]
    names = [f"{host}/{first[0].lower()}"] if first else []
    return next((SERVICES[name] for name in (*names, *within) if name in SERVICES), PLAIN_LINK)
