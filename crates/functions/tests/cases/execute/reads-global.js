exports = () => typeof shared === "number";
