"""What ends the program with a sentence and no stack trace."""


class Fault(Exception):
    """Something that the user can mend."""
