exports = (object, callback, id) => {
  object.list.push("added");
  return { object, called: callback(21), idIsId: id instanceof BSON.ObjectId };
};
