"""Brings the programs the hotline needs (Asterisk, espeak-ng, SIPp, Redis …) without root and without touching the host."""
