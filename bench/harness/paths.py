"""Where things lie."""

from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
REPO = BENCH.parent
APP = BENCH / "app"
USERS_APP = BENCH / "users-app"
PEERS = BENCH / "peers"
PUBLISHED = BENCH / "results"
DATABASE_REQUIREMENTS = REPO / "crates" / "testing" / "requirements.txt"

# Everything that is downloaded or written; git ignores it.
WORK = BENCH / ".work"
LOGS = WORK / "logs"
BODIES = WORK / "bodies"
