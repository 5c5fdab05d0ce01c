// POST /data stores what it is sent, and answers with the id under which it is kept.
exports = async function ({ body, headers, query }, response) {
  if (body === undefined || body.length() === 0) {
    response.setStatusCode(400);
    response.setBody("Could not find a body in the request.");
    return;
  }
  const requests = context.services.get("mongodb-atlas").db("quickstart").collection("requests");
  const { insertedId } = await requests.insertOne({
    text: body.text(), query, contentTypes: headers["Content-Type"], at: new Date(),
  });
  response.setStatusCode(201);
  response.setHeader("Content-Type", "application/json");
  response.setBody(JSON.stringify({ insertedId }));
};
