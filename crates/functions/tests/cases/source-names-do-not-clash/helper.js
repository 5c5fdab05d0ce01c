const NAME = "helper";

exports = () => NAME;
