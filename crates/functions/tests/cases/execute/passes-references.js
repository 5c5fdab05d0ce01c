exports = () => {
  const object = { list: [] };
  const answer = context.functions.execute("changes", object, (n) => n * 2, new BSON.ObjectId());
  const { called, idIsId } = answer;
  return { same: answer.object === object, called, idIsId, seen: object.list };
};
