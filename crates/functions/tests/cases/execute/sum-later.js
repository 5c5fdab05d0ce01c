exports = async (a, b) => a + b;
