# The works of the benchmark on workerd; the socket's address is given on the command line.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .bench)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const bench :Workerd.Worker = (
  modules = [(name = "workerd.js", esModule = embed "workerd.js")],
  bindings = [(name = "BENCH_SECRET", fromEnvironment = "BENCH_SECRET")],
  compatibilityDate = "2026-10-01",
);
