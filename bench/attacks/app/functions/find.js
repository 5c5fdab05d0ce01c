// POST /find: the filter and the projection are the caller's, as in many exported apps.
exports = function ({ body }) {
  const { filter = {}, projection = {} } = JSON.parse(body.text());
  const items = context.services.get("mongodb-atlas").db("attacked").collection("items");
  return items.find(filter, projection).toArray();
};
