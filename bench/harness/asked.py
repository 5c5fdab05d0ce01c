"""What an export asks of its users: read from its files, for users and documents that fit."""

import json
import re
from dataclasses import dataclass, field

OBJECT_ID = re.compile(r"['\"]([0-9a-f]{24})['\"]")
CUSTOM_DATA = "%%user.custom_data."
OWNERS = ("%%user.id",)
IN_SCRIPT = re.compile(r"query\s*\[\s*['\"]([\w-]+)['\"]\s*\]|query\s*\.\s*(\w+)")
VALUES = re.compile(r"values\.get\(\s*['\"]([\w-]+)['\"]")
SKIPPED = {"node_modules", ".git", ".hookstead"}


@dataclass
class Asked:
    """What the files say."""

    providers: dict = field(default_factory=dict)  # those that are enabled, by their types
    custom_data: dict = field(default_factory=dict)  # the setting
    custom_fields: dict = field(default_factory=dict)  # of custom data, with a value that fits
    owners: dict = field(default_factory=dict)  # fields with the id of a user, by collection
    ruled: set = field(default_factory=set)  # collections with rules of their own
    referrers: dict = field(default_factory=dict)  # that a function asks for, by its name
    user_ids: list = field(default_factory=list)  # of users who are named
    scripts: dict = field(default_factory=dict)  # that name a user, by the name of the function
    secrets: list = field(default_factory=list)  # that values come from
    conditional: set = field(default_factory=set)  # functions with a condition


def read(app):
    """Reads an export."""
    asked = Asked()
    for path in sorted(app.rglob("*.json")):
        if SKIPPED & set(path.parts) or not path.is_file():
            continue
        value = read_json(path)
        name = path.relative_to(app).as_posix()
        add_providers(asked, name, value)
        if name == "auth/custom_user_data.json":
            asked.custom_data = value
        if isinstance(value, dict) and isinstance(value.get("custom_user_data_config"), dict):
            asked.custom_data = asked.custom_data or value["custom_user_data_config"]
        if name.startswith("values/") and isinstance(value, dict) and value.get("from_secret"):
            asked.secrets += [value["value"]] if isinstance(value.get("value"), str) else []
        add_rules(asked, path, value)
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict):
                add_function(asked, entry)
        add_conditions(asked, value)
    return asked


def read_json(path):
    """The value of a file, without commas before closing brackets; `{}` for what is not JSON."""
    text = path.read_text(errors="replace")
    for one in (text, re.sub(r",(\s*[\]}])", r"\1", text)):
        try:
            return json.loads(one)
        except json.JSONDecodeError:
            continue
    return {}


def add_providers(asked, name, value):
    if not isinstance(value, dict):
        return
    if name == "auth/providers.json":
        found = value.values()
    elif name.startswith("auth_providers/"):
        found = [value]
    else:
        return
    for one in found:
        if isinstance(one, dict) and one.get("type") and not one.get("disabled"):
            asked.providers[one["type"]] = one


def add_rules(asked, path, value):
    if not isinstance(value, dict) or not (value.get("roles") or value.get("filters")):
        return
    if "database" not in value or "collection" not in value:
        return
    name = f"{value['database']}.{value['collection']}"
    asked.ruled.add(name)
    for key, wanted in pairs(value):
        key = key.removeprefix("%%root.").removeprefix("%%this.")
        as_object_id = isinstance(wanted, dict) and wanted.get("%stringToOid") in OWNERS
        if not key.startswith("%") and (wanted in OWNERS or as_object_id):
            asked.owners.setdefault(name, {})[key] = "oid" if as_object_id else "text"


def add_function(asked, entry):
    name = entry.get("name", "")
    if entry.get("run_as_user_id"):
        asked.user_ids.append(entry["run_as_user_id"])
    script = entry.get("run_as_user_id_script_source")
    if script:
        asked.scripts[name] = script
        asked.user_ids += OBJECT_ID.findall(script)
    condition = entry.get("can_evaluate")
    if condition:
        asked.conditional.add(name)
        for key, wanted in pairs(condition):
            if key == "%%request.httpReferrer":
                asked.referrers[name] = fitting(wanted)


def add_conditions(asked, value):
    for key, wanted in pairs(value):
        if key.startswith(CUSTOM_DATA):
            asked.custom_fields[key.removeprefix(CUSTOM_DATA)] = fitting(wanted)
        if isinstance(wanted, str) and wanted.startswith(CUSTOM_DATA):
            asked.custom_fields.setdefault(wanted.removeprefix(CUSTOM_DATA), "text")


def pairs(value):
    """Every key with its value, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from pairs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from pairs(inner)


def fitting(wanted):
    """A value for which a condition holds, in the usual cases."""
    if not isinstance(wanted, dict):
        return "text" if wanted is None or isinstance(wanted, list) else wanted
    for operator in ("$in", "%in", "$eq", "%eq"):
        if operator in wanted:
            found = wanted[operator]
            return found[0] if isinstance(found, list) and found else found
    return "text"


def compares(script):
    """Whether a script looks at the query, so that not everybody is its user."""
    return bool(IN_SCRIPT.search(script))


def query_of_script(script, values):
    """A query with which a script that compares it with a value names its user."""
    wanted = [values[name] for name in VALUES.findall(script) if name in values]
    names = [one or other for one, other in IN_SCRIPT.findall(script)]
    return {name: wanted[0] for name in names} if wanted else {}
