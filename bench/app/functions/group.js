// GET /group: 10,000 documents, grouped into 20.
exports = function () {
  const products = context.services.get("mongodb-atlas").db("bench").collection("products");
  return products.aggregate([
    {
      $group: {
        _id: "$shop",
        count: { $sum: 1 },
        pieces: { $sum: "$quantity" },
        dearest: { $max: "$price" },
      },
    },
    { $sort: { _id: 1 } },
  ]).toArray();
};
