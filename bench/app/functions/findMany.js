// GET /find-many: 100 of 10,000 documents, by a field without an index.
exports = function ({ query }) {
  const products = context.services.get("mongodb-atlas").db("bench").collection("products");
  return products.find({ customer: Number(query.customer) }).toArray();
};
