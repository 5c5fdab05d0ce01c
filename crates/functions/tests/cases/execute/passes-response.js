exports = (request, response) => context.functions.execute("answers", request, response);
