exports = async function customEndpoint(request, response) {
  if (request.body === undefined) {
    response.setStatusCode(400);
    response.setBody("Request body was not defined.");
    return { ignored: true };
  }
  const insertedId = BSON.ObjectId("5e58667d902d38559c802b13");
  response.setStatusCode(201);
  response.setHeader("Content-Type", "application/json");
  response.setBody(JSON.stringify({
    insertedId,
    message: "Successfully saved the request body",
  }));
};
