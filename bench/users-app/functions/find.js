// GET /find: what the query asks for, as far as the rules let the caller see it.
exports = async function ({ query }) {
  const collection = context.services.get("mongodb-atlas").db("bench").collection(query.collection);
  const filter = query.id === undefined ? {} : { _id: Number(query.id) };
  if (query.count !== undefined) return { count: await collection.count(filter) };
  return { found: (await collection.find(filter).toArray()).length };
};
