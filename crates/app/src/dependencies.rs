//! What the functions require from npm (docs/behaviour/export.md#dependencies).

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{
    LoadOptions, ModuleFiles, ProblemCode, archive::Archive, module_files::PACKAGES,
    reader::Reader, report::Spot,
};

const PACKAGE: &str = "functions/package.json";

/// Archives in which an export may carry its packages.
const ARCHIVES: [&str; 4] = [
    "functions/node_modules.zip",
    "functions/node_modules.tar",
    "functions/node_modules.tar.gz",
    "functions/node_modules.tgz",
];

/// Opens the folders that hold packages, or the first archive that there is in their place.
pub(crate) fn modules(reader: &mut Reader, options: &LoadOptions) -> ModuleFiles {
    let archives = ARCHIVES.into_iter().filter(|archive| reader.folder.has(archive));
    let first = archives.take(1).find(|_| !reader.folder.has(PACKAGES));
    let archive = first.and_then(|path| {
        let file = reader.folder.path().join(path);
        let opened = Archive::open(&file, &options.archive);
        opened
            .map_err(|error| {
                reader.report.error(
                    ProblemCode::DependenciesArchive,
                    Spot::file(path),
                    format!("the packages in this archive are not used: {error}"),
                    "remove the archive and run `hookstead deps install`, or raise the limit that \
                     is named",
                );
            })
            .ok()
    });
    ModuleFiles::new(reader.folder.path(), archive, options.data_dir.as_deref())
}

/// Reads the declared packages and their versions.
pub(crate) fn read(reader: &mut Reader) -> BTreeMap<String, String> {
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
