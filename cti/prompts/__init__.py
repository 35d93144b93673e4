"""Prompt audio: from texts and recordings to the files Asterisk plays."""
