"""How the outside world talks to us: each channel verifies, parses, sends and maps statuses, and knows no command."""
