// `require("url")`: the old functions from the package of that name, the classes that are global.

import url from "url/";

const { URL, URLSearchParams } = globalThis;

url.URL = URL;
url.URLSearchParams = URLSearchParams;

export default url;
