// `require("url")`: the old functions from the package of that name, the classes that are global.

import url from "url/";

export default Object.assign(url, { URL, URLSearchParams });
