// `require("fs")`: there are no files yet. A question whether there is one has an answer.

import { unavailable } from "./support/unavailable.js";

const NAMES = [
  "access", "appendFile", "chmod", "chown", "close", "copyFile", "cp", "fstat", "fsync",
  "ftruncate", "futimes", "lchown", "link", "lstat", "mkdir", "mkdtemp", "open", "opendir", "read",
  "readFile", "readdir", "readlink", "realpath", "rename", "rm", "rmdir", "stat", "statfs",
  "symlink", "truncate", "unlink", "utimes", "write", "writeFile", "writev",
];
const names = [
  "Dir", "Dirent", "ReadStream", "Stats", "WriteStream", "createReadStream", "createWriteStream",
  "unwatchFile", "watch", "watchFile",
];
for (let index = 0; index < NAMES.length; index++) {
  names[names.length] = NAMES[index];
  names[names.length] = `${NAMES[index]}Sync`;
}
const constants = { F_OK: 0, R_OK: 4, W_OK: 2, X_OK: 1 };

export default unavailable("fs", names, {
  ...constants, constants, promises: unavailable("fs.promises", NAMES, { constants }),
  existsSync: () => false,
});
