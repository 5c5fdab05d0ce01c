// GET /find-as-system: the same without rules, with the condition that the rules would add.
exports = async function ({ query }) {
  const collection = context.services.get("mongodb-atlas").db("bench").collection(query.collection);
  const filter = { owner: query.owner };
  if (query.id !== undefined) filter._id = Number(query.id);
  if (query.count !== undefined) return { count: await collection.count(filter) };
  return { found: (await collection.find(filter).toArray()).length };
};
