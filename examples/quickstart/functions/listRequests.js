// GET /data lists what was stored, the latest first: a cursor that is returned becomes a list.
exports = function () {
  const requests = context.services.get("mongodb-atlas").db("quickstart").collection("requests");
  return requests.find({}, { text: 1, at: 1 }).sort({ _id: -1 }).limit(20);
};
