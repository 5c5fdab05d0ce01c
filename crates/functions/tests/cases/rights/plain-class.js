class Helper {
  constructor() {
    this.system = context.runningAsSystem();
  }
}
exports = Helper;
