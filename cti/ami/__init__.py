"""The AMI adapter: one typed door to Asterisk. Only `link` imports panoramisk; nothing past `messages` sees a header."""
