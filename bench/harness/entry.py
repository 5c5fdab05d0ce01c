"""How a command ends: a fault is a sentence, not a stack trace."""

import signal
import sys

from .fault import Fault


def enter(main):
    # A harness that is told to end takes the servers with it, as one that is interrupted does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except Fault as fault:
        sys.exit(f"error: {fault}")
    except KeyboardInterrupt:
        sys.exit(130)
