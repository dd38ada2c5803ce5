"""Fewer bytes for a phone: static files and the public pages go out gzipped where the browser takes it.

Pages of people who are signed in are left alone: their length must not tell anybody what is in them. In public pages,
which contain what is typed into the address, the only secret is the CSRF token, and web/site/csrf.py masks that.
"""

import gzip
from functools import lru_cache

from flask import Flask, Response, request, session

from calhooks.web.site.sessions import SIGNED_IN_KEY

TEXT_TYPES = {"text/html", "text/css", "text/javascript", "image/svg+xml"}
# The blueprints of what bookers see.
PUBLIC_PAGES = ("profile", "booker")
FEWEST_BYTES = 100
# A page is compressed anew for everyone, a file once in the life of the process.
PAGE_LEVEL, FILE_LEVEL = 5, 9


def init_app(app: Flask) -> None:
    """Compress what may be compressed."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    is_file = request.endpoint == "static"
    is_public_page = request.blueprint in PUBLIC_PAGES and SIGNED_IN_KEY not in session
    if response.mimetype not in TEXT_TYPES or not (is_file or is_public_page):
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code != 200 or not request.accept_encodings.quality("gzip") or response.content_encoding:
        return response
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) >= FEWEST_BYTES:
        response.set_data(_gzip_file(body) if is_file else gzip.compress(body, PAGE_LEVEL, mtime=0))
        response.content_encoding = "gzip"
        etag, _ = response.get_etag()
        if etag:
            # The same content in other bytes.
            response.set_etag(etag, weak=True)
    return response


@lru_cache(maxsize=100)
def _gzip_file(body: bytes) -> bytes:
    return gzip.compress(body, FILE_LEVEL, mtime=0)
