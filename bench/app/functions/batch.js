// POST /batch: a signed body of 100 kB.
exports = function ({ body }) {
  const { items } = JSON.parse(body.text());
  return { count: items.length };
};
