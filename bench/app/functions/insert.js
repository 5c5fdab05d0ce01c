// POST /insert: the body as a new document.
exports = async function ({ body }, response) {
  const orders = context.services.get("mongodb-atlas").db("bench").collection("orders");
  const { insertedId } = await orders.insertOne(JSON.parse(body.text()));
  response.setStatusCode(201);
  return { inserted: insertedId ? 1 : 0 };
};
