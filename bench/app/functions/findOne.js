// GET /find-one: a document by its _id.
exports = function ({ query }) {
  const products = context.services.get("mongodb-atlas").db("bench").collection("products");
  return products.findOne({ _id: Number(query.id) });
};
