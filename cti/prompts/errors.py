"""What can go wrong with prompts."""


class PromptError(Exception):
    """Prompt audio cannot be made or named; the text says of which prompt, why, and how to mend it."""
