exports = async (what) => {
  throw new TypeError("rejected " + what);
};
