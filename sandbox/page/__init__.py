"""The phones page: what a visitor sees first.

Owns one HTML page and its static files; everything it shows it asks of the JSON API under `/sandbox/…`
from the browser. It must never load anything from another place and never know the product's inside.
"""

from flask import Blueprint, Response, render_template

COUNTRIES = (
    ("KE", "Kenya"),
    ("NG", "Nigeria"),
    ("GH", "Ghana"),
    ("ZA", "South Africa"),
    ("UG", "Uganda"),
    ("CI", "Côte d’Ivoire"),
)

# Pictures in a chat come from the product's own address, so images alone may be fetched from elsewhere.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: http: https:; frame-ancestors 'none'; base-uri 'none'"
)

blueprint = Blueprint(
    "page", __name__, template_folder="templates", static_folder="static", static_url_path="/page-static"
)


@blueprint.get("/")
def phones() -> Response:
    response = Response(render_template("phones.html", countries=COUNTRIES))
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


@blueprint.after_request
def revalidate(response: Response) -> Response:
    """Make the browser ask each time, so that a changed module is never mixed with an old one."""
    response.headers["Cache-Control"] = "no-cache"
    return response
