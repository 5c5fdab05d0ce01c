//! What the functions require from npm (docs/behaviour/export.md#dependencies).

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{ProblemCode, reader::Reader, report::Spot};

const PACKAGE: &str = "functions/package.json";

/// Archives in which an export may carry its packages.
const ARCHIVES: [&str; 4] = [
    "functions/node_modules.zip",
    "functions/node_modules.tar",
    "functions/node_modules.tar.gz",
    "functions/node_modules.tgz",
];

/// Reads the declared packages and their versions.
pub(crate) fn read(reader: &mut Reader) -> BTreeMap<String, String> {
    for archive in ARCHIVES {
        if reader.folder.has(archive) && !reader.folder.has("functions/node_modules") {
            reader.report.warn(
                ProblemCode::DependenciesArchived,
                Spot::file(archive),
                "the packages in this archive are not read".to_owned(),
                "unpack the archive into `functions/`, or run `npm install` there",
            );
        }
    }
    let mut dependencies = BTreeMap::new();
    let Some(file) = reader.json_if_usable(PACKAGE) else { return dependencies };
    for (name, version) in
        file.value.get("dependencies").and_then(Json::as_object).into_iter().flatten()
    {
        match version.as_str() {
            Some(version) => {
                dependencies.insert(name.clone(), version.to_owned());
            }
            None => reader.report.warn(
                ProblemCode::DependencyVersion,
                file.spot(&format!("dependencies.{name}")),
                format!("the version of `{name}` is not a string; the package is ignored"),
                "write the version as a string",
            ),
        }
    }
    dependencies
}
