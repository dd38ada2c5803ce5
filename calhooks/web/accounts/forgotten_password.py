"""A lost password: a link by mail. The answer is the same, and takes as long, whether there is such an account."""

import time

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import EmailField

from calhooks.accounts import details
from calhooks.config import current_config
from calhooks.db import writing
from calhooks.mail.password_reset import owe_reset_link
from calhooks.text import MAX_EMAIL_LENGTH
from calhooks.web.forms.fields import ServiceForm
from calhooks.web.site import access, known_browsers, rate_limits

blueprint = Blueprint("forgotten_password", __name__)

TOO_MANY_REQUESTS = "Too many tries. Wait a few minutes, then try again."
# Longer than either answer takes.
ANSWER_SECONDS = 0.3


class ForgotForm(ServiceForm):
    """Whose password is lost."""

    email = EmailField("E-mail address", default="", render_kw={"maxlength": MAX_EMAIL_LENGTH})


@blueprint.app_context_processor
def _say_whether_mail_is_sent() -> dict[str, bool]:
    """Let templates offer what needs mail only where there is mail."""
    return {"sends_mail": bool(current_config().mail_url)}


def _slow_down() -> str:
    form = ForgotForm()
    form.show({"email": TOO_MANY_REQUESTS})
    return render_template("accounts/forgotten_password.html", form=form, sent=False)


@blueprint.route("/auth/forgot", methods=["GET", "POST"])
@access.public
@rate_limits.guesses("20 per 10 minutes", rate_limits.client_network, _slow_down, exempt=known_browsers.is_known)
@rate_limits.guesses("5 per hour", known_browsers.guesser, _slow_down)
def forgot() -> str | tuple[str, int] | Response:
    """Ask for the address, then send a link to it if it belongs to an account."""
    if not current_config().mail_url:
        abort(404)
    form = ForgotForm()
    if request.method != "POST":
        return render_template("accounts/forgotten_password.html", form=form, sent="sent" in request.args)
    began = time.monotonic()
    rate_limits.guess_failed()
    try:
        email = details.known_email(form.email.data)
    except ValueError as error:
        form.show({"email": str(error)})
        return render_template("accounts/forgotten_password.html", form=form, sent=False), 422
    with writing() as session:
        owe_reset_link(session, email)
    time.sleep(max(0.0, ANSWER_SECONDS - (time.monotonic() - began)))
    return redirect(url_for("forgotten_password.forgot", sent="y"), 303)
