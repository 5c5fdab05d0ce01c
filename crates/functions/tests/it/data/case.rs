//! Cases as they stand in files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde::Deserialize;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

/// A function, what there is before it runs, and what comes of it.
///
/// Every case has a database of its own. Its sources find `client`, `db` and the collection `c` of
/// it; in texts, `{db}` stands for its name.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    /// The documents of `c` before: an array in extended JSON.
    pub(super) documents: Option<String>,
    /// Many documents `{ _id, text }` instead: how many, and how many bytes each text has.
    pub(super) fill: Option<(usize, usize)>,
    /// A function that is called before.
    pub(super) first: Option<String>,
    /// The function.
    pub(super) source: String,
    /// Functions that it may execute.
    #[serde(default)]
    pub(super) functions: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) not_system: bool,
    #[serde(default)]
    pub(super) sources: Sources,
    /// What a run may use of memory.
    pub(super) memory_mib: Option<usize>,
    /// Whether the result is written in extended JSON.
    #[serde(default)]
    pub(super) ejson: bool,
    /// Why SecantusDB answers otherwise than MongoDB.
    pub(super) embedded_only: Option<String>,

    /// The text of the result, but for spaces.
    pub(super) result: Option<String>,
    /// The text of the body that the function has set, but for spaces.
    pub(super) body: Option<String>,
    /// The error's message.
    pub(super) error: Option<String>,
    pub(super) error_contains: Option<String>,
    /// The frames below it.
    pub(super) stack: Option<String>,
    /// The lines of the log; none where nothing is said.
    #[serde(default)]
    pub(super) log: Vec<String>,
    /// The documents of `c` afterwards, in relaxed extended JSON or, with every type, in canonical.
    pub(super) contents: Option<String>,
}

/// Which data sources there are.
#[derive(Deserialize, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub(super) enum Sources {
    /// `mongodb-atlas`, as the export declares it.
    #[default]
    Declared,
    /// One, and the export does not say its name.
    Undeclared,
    /// Two of other names.
    Two,
    /// None at all.
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

/// Every case; its name begins with that of its file.
pub(super) fn all() -> Vec<Case> {
    let folder = fs::read_dir(FOLDER).expect("the folder of cases");
    let mut paths: Vec<_> = folder.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let file = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a file of cases");
        let File { case } = toml::from_str(&text)
            .unwrap_or_else(|error| panic!("{} is no file of cases: {error}", path.display()));
        cases.extend(
            case.into_iter().map(|case| Case { name: format!("{file}: {}", case.name), ..case }),
        );
    }
    let names: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), cases.len(), "two cases have the same name");
    for case in &cases {
        assert!(case.expects_something(), "{} expects nothing", case.name);
    }
    cases
}

impl Case {
    pub(super) fn wants_error(&self) -> bool {
        self.error.is_some() || self.error_contains.is_some() || self.stack.is_some()
    }

    fn expects_something(&self) -> bool {
        self.wants_error()
            || self.result.is_some()
            || self.body.is_some()
            || self.contents.is_some()
    }
}
