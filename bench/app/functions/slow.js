// GET /slow: is under way for two seconds, so that many of them are in memory together.
exports = async function () {
  await new Promise((resolve) => setTimeout(resolve, 2000));
  return { waited: 1 };
};
