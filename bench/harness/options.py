"""Options that `bench/run` and `bench/compare` share."""

import argparse

from . import works


def add(parser, works, rounds, seconds, connections):
    parser.add_argument(
        "--works", type=chosen_works, default=works, metavar="LIST",
        help=f"letters or names, such as a,b,spin (default: {works})",
    )
    parser.add_argument(
        "--rounds", type=positive, default=rounds, help="(default: %(default)s)",
    )
    parser.add_argument(
        "--seconds", type=positive, default=seconds,
        help="of each measurement, whole ones (default: %(default)s)",
    )
    parser.add_argument(
        "--connections", type=numbers, default=connections, metavar="LIST",
        help="numbers of connections (default: %(default)s)",
    )
    parser.add_argument(
        "--threads", type=positive, default=1,
        help="of wrk; one leaves room on a small machine (default: %(default)s)",
    )


def chosen_works(text):
    try:
        return works.choose(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from fault


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("a number from 1 up")
    return value


def numbers(text):
    return [positive(part) for part in text.split(",")]
