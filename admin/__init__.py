"""The officers' web page and the JSON API. Empty until then."""
