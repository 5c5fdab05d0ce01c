exports = function (...parts) {
  return parts.join("");
};
