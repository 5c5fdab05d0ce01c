// POST /update: the filter and the update are the caller's.
exports = function ({ body }) {
  const { filter, update } = JSON.parse(body.text());
  const items = context.services.get("mongodb-atlas").db("attacked").collection("items");
  return items.updateOne(filter, update, { upsert: true });
};
