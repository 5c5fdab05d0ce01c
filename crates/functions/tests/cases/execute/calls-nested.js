exports = () => context.functions.execute("utils/text/upper", "hi");
