"""One life of the link to Asterisk: become owner, read the channels, adopt, serve, audit, and end when the link ends."""
