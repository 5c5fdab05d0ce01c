exports = () => context.functions.execute('plain-rights');
