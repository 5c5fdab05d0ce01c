// POST /findAndUpdate: so is the projection of the document that comes back.
exports = function ({ body }) {
  const { filter, update, projection } = JSON.parse(body.text());
  const items = context.services.get("mongodb-atlas").db("attacked").collection("items");
  return items.findOneAndUpdate(filter, update, { projection, upsert: true });
};
