exports = function (payload, response) {
  const body = EJSON.parse(payload.body.text());
  if (body.someField) {
    // Neither awaited nor returned: the response still gets it.
    Promise.resolve({ insertedId: new BSON.ObjectId("5e58667d902d38559c802b13") })
      .then((result) => {
        response.setStatusCode(200);
        response.setBody(`Successfully saved "someField" with _id: ${result.insertedId}.`);
      });
  } else {
    response.setStatusCode(400);
    response.setBody('Could not find "someField" in the webhook request body.');
  }
  return { msg: "finished!" };
};
