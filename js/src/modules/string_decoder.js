// `require("string_decoder")`, from the package of that name.

import decoder from "string_decoder/";

export default decoder;
