"""Mouth and ears: channels, dialogue, commands and every sentence a member reads. Never decides about money."""
