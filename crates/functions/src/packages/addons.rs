//! Packages that are compiled to machine code, and what does the same in JavaScript.

use super::resolve::{ModuleProblem, ModuleProblemKind};

/// Addons, each with what to do in its place.
const ADDONS: &[(&str, &str)] = &[
    ("@mongodb-js/zstd", "use the module `zlib`"),
    ("@napi-rs/canvas", "draw with `pdf-lib`, or call a service that makes images"),
    ("@node-rs/argon2", "use `pbkdf2` of the module `crypto`"),
    ("@node-rs/bcrypt", "use the package `bcryptjs`, which has the same functions"),
    ("argon2", "use `pbkdf2` of the module `crypto`"),
    ("bcrypt", "use the package `bcryptjs`, which has the same functions"),
    ("better-sqlite3", "keep the documents in a data source"),
    ("bufferutil", "do without it: `ws` does not need it"),
    ("canvas", "draw with `pdf-lib`, or call a service that makes images"),
    ("cpu-features", "do without it: it makes another package faster"),
    ("deasync", "use `await`"),
    ("farmhash", "use a hash of the module `crypto`"),
    ("ffi-napi", "call a service that does the work"),
    ("grpc", "use the package `@grpc/grpc-js`"),
    ("iltorb", "use the module `zlib`"),
    ("isolated-vm", "run the code as a function of the app"),
    ("kerberos", "log in by another way"),
    ("leveldown", "keep the documents in a data source"),
    ("libxmljs", "use the package `fast-xml-parser`"),
    ("libxmljs2", "use the package `fast-xml-parser`"),
    ("microtime", "use `process.hrtime`"),
    ("msgpackr-extract", "do without it: `msgpackr` does not need it"),
    ("node-expat", "use the package `sax`"),
    ("node-rdkafka", "use the package `kafkajs`"),
    ("node-sass", "use the package `sass`"),
    ("pg-native", "use the package `pg`"),
    ("re2", "use a regular expression of the language"),
    ("ref-napi", "call a service that does the work"),
    ("sharp", "use the package `jimp`, or call a service that makes images"),
    ("snappy", "use the package `snappyjs`"),
    ("sodium-native", "use the package `tweetnacl`"),
    ("sqlite3", "keep the documents in a data source"),
    ("utf-8-validate", "do without it: `ws` does not need it"),
    ("xxhash", "use the package `xxhashjs`"),
    ("zeromq", "call a service by HTTP"),
];

/// What is wrong with a package that is known as an addon.
pub(super) fn problem(package: &str) -> Option<ModuleProblem> {
    let (_, remedy) = ADDONS.iter().find(|(name, _)| *name == package)?;
    Some(ModuleProblem { remedy: (*remedy).to_owned(), ..unknown(package) })
}

/// The same for one that nobody has heard of.
pub(super) fn unknown(package: &str) -> ModuleProblem {
    ModuleProblem {
        kind: ModuleProblemKind::Addon,
        message: format!("the package `{package}` is a native addon, and functions are JavaScript"),
        remedy: "use a package without machine code".to_owned(),
    }
}
