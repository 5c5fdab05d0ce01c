// POST /parse: a body of a few mebibytes can become a few hundred in memory.
exports = ({ body }) => JSON.parse(body.text()).length;
