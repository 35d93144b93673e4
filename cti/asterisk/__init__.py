"""Writes the project's own small Asterisk configuration, and starts and watches an Asterisk with it."""
