exports = () => require("events");
