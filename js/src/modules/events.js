// `require("events")`, from the package of that name.

import events from "events/";

export default events;
