// `require("os")`. A function learns nothing of the machine that it happens to run on.

const none = () => [];
const zero = () => 0;

export default {
  EOL: "\n",
  arch: () => "x64",
  constants: { errno: {}, priority: {}, signals: {} },
  cpus: none,
  endianness: () => "LE",
  freemem: zero,
  homedir: () => "/",
  hostname: () => "localhost",
  loadavg: () => [0, 0, 0],
  networkInterfaces: () => ({}),
  platform: () => "linux",
  release: () => "",
  tmpdir: () => "/tmp",
  totalmem: zero,
  type: () => "Linux",
  uptime: zero,
  userInfo: () => ({ uid: -1, gid: -1, username: "", homedir: "/", shell: null }),
};
