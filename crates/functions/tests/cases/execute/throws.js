exports = (how) => {
  throw new Error("thrown " + how);
};
