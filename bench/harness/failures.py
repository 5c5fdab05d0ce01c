"""Why calls of an export fail, and whether that was to be expected."""

import re
from dataclasses import dataclass

# What functions say of documents that are not there, or are not as they expect.
OF_DATA = re.compile(
    r"\b(?:null|undefined)\b|JSON|24.{0,20}hex|Invalid (?:Date|time)|ObjectId|BSONError"
    r"|ExecutionError: SyntaxError|must be an array, but|must be a document, and it is"
    r"|invalid Int32|must have at least one", re.I
)
# A value of another shape than expected: it has none of the methods of arrays and texts.
OF_SHAPE = re.compile(
    r"\.(?:filter|find|forEach|includes|indexOf|join|map|push|reduce|replace|slice|some|sort|split"
    r"|toLowerCase|toUpperCase|trim) is not a function"
)
# What the server of the tests does not have and MongoDB has.
OF_SERVER = re.compile(r"unknown top level operator: \$text\b|Unknown expression \$meta\b")
# What functions that catch their errors leave in their log or their answer.
CAUGHT = re.compile(
    r"[^\n\"{}]*(?:not a function|is not defined|not supported|has no |unknown operator"
    r"|cannot find module|is not available|not implemented|no rule exists"
    r"|(?:insert|update|delete) not permitted)[^\n\"{}]*", re.I
)
# What the rules of the export say to users.
OF_RULES = re.compile(
    r"no rule exists for namespace '([^'.]*)\.([^']*)'"
    r"|(?:insert|update|delete|search) not permitted|schema validation failed"
)

KINDS = {
    "unnamed": "check did not name it",
    "let in": "a caller got in, or saw what is another user's, against the export",
    "rules": "the rules of the export do not permit it to the user",
    "named": "check named it",
    "data": "the function met documents or a request that it did not expect",
    "server": "the server of the tests lacks what MongoDB has",
    "app": "the function throws it itself",
    "outgoing": "an outgoing call, which goes to a stub or is refused here",
}
# Those that must not be.
FAULTS = ("unnamed", "let in")


@dataclass(frozen=True)
class Failure:
    app: str
    store: str
    route: str
    reason: str
    kind: str


def kind_of(reason, route, report, trial):
    """Why a call failed, or what its function caught."""
    if "may not be called" in reason or trial.stub.origin.removeprefix("http://") in reason:
        return "outgoing"
    if is_named(reason, route, report):
        return "named"
    if is_of_rules(reason, trial.asked):
        return "rules"
    if OF_SHAPE.search(reason):
        return "data"
    if OF_DATA.search(reason) and "not a function" not in reason:
        return "data"
    if trial.store == "mongodb" and not trial.uri and OF_SERVER.search(reason):
        return "server"
    message = reason.split(": ")[-1].strip()
    if any(is_in(message, source) for source in trial.sources.values()):
        return "app"
    return "unnamed"


def is_named(reason, route, report):
    """Whether check says of the route that it does not run, or says the same of a file of it."""
    if route["verdict"] != "runs" or any(one["kind"] != "value" for one in route["missing"]):
        return True
    words = set(re.findall(r"[\w$]{4,}", reason)) - {"TypeError", "FunctionExecutionError"}
    called = route["uses"]["functions"]
    files = {route["file"], *(f"functions/{name}.js" for name in called),
             *(f"functions/{name}/source.js" for name in called)}
    for problem in report["problems"]:
        told = set(re.findall(r"[\w$]{4,}", f"{problem['message']} {problem['remedy']}"))
        if problem["file"] in files and words & told:
            return True
    return any(words & set(re.findall(r"[\w$]{4,}", told)) for told in route["reasons"])


def is_of_rules(reason, asked):
    """Whether the rules of the export refuse it: those of the collection, where it is named."""
    found = OF_RULES.search(reason)
    if not found:
        return False
    database, collection = found.groups()
    return bool(asked.ruled) and (database is None or f"{database}.{collection}" in asked.ruled)


def is_in(message, source):
    """Whether a source has the beginning of a message, up to where it puts something in."""
    start = message[:16]
    return len(start) >= 8 and (start in source or message in source)
