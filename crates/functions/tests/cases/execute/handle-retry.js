// Calls a function that may fail until it does not.
exports = async (callback) => {
  for (let tries = 1; ; tries++) {
    try {
      return { tries, value: await callback(tries) };
    } catch (err) {
      if (tries === 5) {
        throw err;
      }
    }
  }
};
