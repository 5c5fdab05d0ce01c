const context = { own: true };
exports = () => context;
