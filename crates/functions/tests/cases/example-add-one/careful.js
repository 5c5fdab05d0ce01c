exports = function (input) {
  try {
    return context.functions.execute("source", input);
  } catch (err) {
    return "caught: " + err.message;
  }
};
