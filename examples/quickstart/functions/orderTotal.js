// POST /orders/total with {"items": [{"name": "tea", "price": 350, "quantity": 2}]}
//
// Prices are whole cents: sums of fractions drift.
exports = function ({ body }, response) {
  const order = JSON.parse(body ? body.text() : "{}");
  if (!Array.isArray(order.items)) {
    response.setStatusCode(400);
    return { error: "an order needs a list called items" };
  }
  const cents = order.items.reduce((sum, item) => sum + item.price * item.quantity, 0);
  return { items: order.items.length, total: context.functions.execute("money/format", cents) };
};
