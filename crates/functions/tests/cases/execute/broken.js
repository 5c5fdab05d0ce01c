exports = () => { return
