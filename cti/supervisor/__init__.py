"""What stands behind `make run`: brings everything, starts Asterisk and the server, and keeps both running."""
