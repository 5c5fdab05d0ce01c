// GET /owned: a document by its _id; a rule lets the caller see their own.
exports = function ({ query }) {
  const owned = context.services.get("mongodb-atlas").db("bench").collection("owned");
  return owned.findOne({ _id: Number(query.id) }, { owner: 0 });
};
