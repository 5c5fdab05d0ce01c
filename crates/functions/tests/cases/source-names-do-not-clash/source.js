const NAME = "source";

exports = () => NAME + "/" + context.functions.execute("helper");
