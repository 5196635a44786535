"""Who is reminded when, by which channel, within which limits. Empty until loans exist."""
