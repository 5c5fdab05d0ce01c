// POST /seed: some of the documents that the others work on.
exports = async function ({ body }) {
  const database = context.services.get("mongodb-atlas").db("bench");
  const documents = JSON.parse(body.text());
  await database.collection("products").insertMany(documents);
  await database.collection("stock").insertMany(documents);
  return { inserted: documents.length };
};
