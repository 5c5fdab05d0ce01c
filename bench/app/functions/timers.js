// GET /timers: waits, as a function does that calls a database three times.
exports = async function () {
  for (let round = 0; round < 3; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { waited: 3 };
};
