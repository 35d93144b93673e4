"""What is wrong with a given Asterisk, its surroundings and the configuration, and how to mend it."""
