"""The documents of the works with documents, and what comes of grouping them."""

COUNT = 10_000
CUSTOMERS = 100
SHOPS = 20


def product(number):
    """About 300 bytes. Its numbers are whole, so that all servers write them alike."""
    return {
        "_id": number,
        "sku": f"A-{number:05}",
        "name": "Tea, boxed, of the second harvest",
        "customer": number % CUSTOMERS,
        "shop": number % SHOPS,
        "price": 350 + 7 * number % 1000,
        "quantity": 1 + number % 5,
        "tags": ["tea", "boxed", "fair"],
        "address": {
            "street": f"Harbour Street {number % 300}",
            "city": "Rotterdam",
            "country": "NL",
        },
        "note": "x" * 40,
    }


def products():
    return [product(number) for number in range(COUNT)]


def order():
    """A product as somebody orders it: without an `_id`, which the insert gives it."""
    return {key: value for key, value in product(COUNT).items() if key != "_id"}


def grouped():
    """What the pipeline of the work `group` makes of the products."""
    groups = {}
    for one in products():
        group = groups.setdefault(
            one["shop"], {"_id": one["shop"], "count": 0, "pieces": 0, "dearest": 0},
        )
        group["count"] += 1
        group["pieces"] += one["quantity"]
        group["dearest"] = max(group["dearest"], one["price"])
    return [groups[shop] for shop in sorted(groups)]
