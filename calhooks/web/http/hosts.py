"""Under which name, and by which way, a request came: without a proxy from this machine, or otherwise.

A web server that listens on loopback alone trusts who reaches it more than others do. Two things undermine that: a
proxy in front that CALHOOKS_TRUSTED_PROXIES does not count, and a site whose name its owner points at 127.0.0.1, so
that a browser on this machine takes both for one (DNS rebinding).
"""

import re
from urllib.parse import urlsplit

from flask import Flask, abort, request
from werkzeug.exceptions import BadHost

from calhooks.config import Config, current_config
from calhooks.config.values import is_loopback
from calhooks.text import shortened
from calhooks.web.http.peers import may_be_this_user

# What proxies add and browsers do not send, by how it begins.
FORWARDING_HEADERS = (
    *("forwarded", "via", "cdn-loop", "x-forwarded", "x-original", "x-real-", "x-client-", "x-cluster-", "x-remote-"),
    *("x-proxy", "x-host", "x-scheme", "x-url-scheme", "x-envoy-", "x-amzn-", "x-azure-", "x-arr-", "x-varnish"),
    *("x-cloud-trace", "true-client", "front-end-https", "cf-", "fastly-", "fly-"),
)
HOST_HEADER = re.compile(r"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[^\s:@/?#\\\[\]]+))(?::\d*)?", re.IGNORECASE)
# Files are the same for everyone. The setup page shows itself to anybody, and asks for its code.
OPEN_ENDPOINTS = ("static", "setup.setup")


def init_app(app: Flask) -> None:
    """Refuse requests for other hosts where only this machine can reach the server."""
    app.before_request(_refuse_other_hosts)


def came_directly() -> bool:
    """Tell whether a request surely comes from this machine itself, and not through a proxy on it.

    A proxy that adds no header and replaces the host, as nginx does when nothing else is configured, shows by HTTP/1.0,
    which no browser speaks, or by its user.
    """
    return (
        current_config().is_for_this_machine
        and is_loopback(request.remote_addr or "")
        and is_loopback(host_name(request.host))
        and not any(name.lower().startswith(FORWARDING_HEADERS) for name, _value in request.headers)
        and request.environ.get("SERVER_PROTOCOL") != "HTTP/1.0"
        and _may_be_this_user()
    )


def _may_be_this_user() -> bool:
    # Requests that tests make without a server have no port.
    client, server = request.environ.get("REMOTE_PORT"), request.environ.get("SERVER_PORT")
    return not client or not server or may_be_this_user(int(client), int(server))


def host_name(host: str) -> str:
    """Return the name or address in a Host header, in lower case and without its port, "" if it is neither."""
    match = HOST_HEADER.fullmatch(host)
    return (match["ipv6"] or match["name"]).lower() if match else ""


def is_known_host(host: str, config: Config) -> bool:
    """Tell whether a Host header names this machine or is the host of CALHOOKS_BASE_URL."""
    name = host_name(host)
    # Nobody can point these names elsewhere: https://www.rfc-editor.org/rfc/rfc6761#section-6.3.
    return (
        is_loopback(name)
        or name.endswith(".localhost")
        or (bool(name) and name == (urlsplit(config.base_url).hostname or ""))
    )


def _refuse_other_hosts() -> None:
    config = current_config()
    # From elsewhere it is no rebinding: then the server listens to others too, whatever CALHOOKS_HOST says.
    is_alone = is_loopback(config.host) and not config.trusted_proxies
    guarded = is_alone and is_loopback(request.remote_addr or "")
    # What is no host at all has an answer of its own.
    if isinstance(request.routing_exception, BadHost) or request.endpoint in OPEN_ENDPOINTS:
        return
    if guarded and not is_known_host(request.host, config):
        abort(
            421,
            f"calhooks is not set up for the address {shortened(request.host, 100)}. If it is yours, set"
            " CALHOOKS_BASE_URL to it, and CALHOOKS_TRUSTED_PROXIES to the number of proxies in front.",
        )
