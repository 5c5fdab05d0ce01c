exports = (name) => context.functions.execute(name);
