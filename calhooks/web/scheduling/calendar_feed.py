"""The private address of a host's calendar: made, renewed, switched off."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.scheduling.calendars import feeds
from calhooks.web.site import access

blueprint = Blueprint("calendar_feed", __name__)


@blueprint.route("/settings/calendar", methods=["GET", "POST"])
@access.signed_in
def settings() -> str | BaseResponse:
    """Show, make, renew and switch off the private address of a host's calendar."""
    host = access.account()
    if request.method != "POST":
        found = feeds.feed_of(db.session(), host)
        address = url_for("calendars.feed", token=found.token) if found else ""
        return render_template("scheduling/calendar_feed.html", feed=found, address=current_config().base_url + address)
    if request.form.get("action") == "remove":
        with writing() as session:
            feeds.remove_feed(session, host)
        flash("Your calendar has no private address any more.", "success")
    else:
        with writing() as session:
            had_one = feeds.feed_of(session, host) is not None
            feeds.renew_feed(session, host)
        more = " The one before has stopped working." if had_one else ""
        flash(f"Your calendar has a new private address.{more}", "success")
    return redirect(url_for("calendar_feed.settings"), 303)
