exports = () => ({ ok: 1 });
