"""HEAD is answered as the GET that it asks about: no view meets a method that looks like neither question nor form."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask
from werkzeug.wsgi import ClosingIterator


def init_app(app: Flask) -> None:
    """Answer HEAD in front of the application."""
    app.wsgi_app = _HeadAsGet(app.wsgi_app)  # type: ignore[method-assign]  # Flask's documented way


class _HeadAsGet:
    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the status and the headers of the GET, with the length of its body in place of the body."""
        if environ["REQUEST_METHOD"] != "HEAD":
            return self._application(environ, start_response)
        answer = self._application({**environ, "REQUEST_METHOD": "GET"}, start_response)
        return ClosingIterator((), getattr(answer, "close", None))
