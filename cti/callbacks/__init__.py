"""Callbacks: promises kept in the store, told to the router, made by agents' legs, and settled from what Asterisk wrote down."""
