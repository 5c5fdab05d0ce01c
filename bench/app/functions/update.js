// POST /update: a field of one document. Its collection is one that nothing else reads.
exports = async function ({ query }) {
  const stock = context.services.get("mongodb-atlas").db("bench").collection("stock");
  const changed = await stock.updateOne({ _id: Number(query.id) }, { $inc: { quantity: 1 } });
  return { matched: changed.matchedCount, modified: changed.modifiedCount };
};
