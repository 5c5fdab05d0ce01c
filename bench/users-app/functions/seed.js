// POST /seed?collection=NAME: some of the documents that the others work on.
exports = async function ({ query, body }) {
  const collection = context.services.get("mongodb-atlas").db("bench").collection(query.collection);
  const documents = JSON.parse(body.text());
  await collection.insertMany(documents);
  return { inserted: documents.length };
};
