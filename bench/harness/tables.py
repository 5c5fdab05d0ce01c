"""Tables in Markdown."""


def table(head, rows, left=1):
    """The first `left` columns are words; the others are numbers and stand on the right."""
    rules = [":--" if column < left else "--:" for column in range(len(head))]
    lines = [head, rules, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(row_of(line, widths, left) for line in lines)


def row_of(cells, widths, left):
    padded = [
        cell.ljust(width) if column < left else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths))
    ]
    return f"| {' | '.join(padded)} |"


def number(value):
    """Three digits that count; thousands are set apart."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
