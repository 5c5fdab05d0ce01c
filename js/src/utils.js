// The `utils` global. The cryptography itself is the host's.

import { crypto } from "./utils/crypto.js";
import { jwt } from "./utils/jwt.js";

export const utils = { crypto, jwt };
