exports = (text) => "utils/text/upper: " + text.toUpperCase();
