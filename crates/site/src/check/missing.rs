//! What is not there: in the export, among the secrets, or in this version of Hookstead.

use std::collections::BTreeSet;

use hookstead_app::{App, AppValue, ServiceKind};
use hookstead_functions::{Applies, Collection, Finding, Functions, ServiceRules};
use serde::Serialize;

use super::{
    circumstances::Circumstances,
    uses::{DATABASE, ModuleKind, OUTGOING},
};

/// What to do about a source that is not there.
const PUT_BACK: &str = "put the file back into the export";

/// Something that a route uses and that is not there.
#[derive(Debug, Serialize)]
pub struct Missing {
    /// `secret`, `file`, `function`, `value`, `module`, `package`, `service`, `feature`, `rule`
    /// or `source`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The files that use it.
    pub used_in: Vec<String>,
    /// What is wrong, a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// Whether the function fails for it, as opposed to finding `undefined`.
    #[serde(skip)]
    pub is_fatal: bool,
}

impl Missing {
    fn new(kind: &'static str, name: &str, message: String, remedy: &str) -> Self {
        let (name, remedy) = (name.to_owned(), remedy.to_owned());
        Self { kind, name, used_in: Vec::new(), message, remedy, is_fatal: true }
    }

    pub(super) fn used_in(self, files: &BTreeSet<String>) -> Self {
        Self { used_in: files.iter().cloned().collect(), ..self }
    }

    pub(super) fn harmless(self) -> Self {
        Self { is_fatal: false, ..self }
    }

    /// Something in a source that every run fails at.
    pub(super) fn finding(file: &str, finding: &Finding) -> Self {
        let (line, column) = finding.place;
        let message = format!("fails at {file}:{line}:{column}: {}", finding.message);
        let files = BTreeSet::from([file.to_owned()]);
        Self::new("source", finding.code, message, &finding.remedy).used_in(&files)
    }

    /// A service that nobody declares and that is never asked for a database is no data source.
    pub(super) fn unless_asked_for_data(self, methods: Option<&BTreeSet<String>>) -> Self {
        const OF_DATA: [&str; 4] = ["admin", "database", "db", "startSession"];
        let Some(method) = methods.and_then(|methods| methods.first()) else { return self };
        let is_data = methods.is_some_and(|all| OF_DATA.iter().any(|name| all.contains(*name)));
        if self.is_fatal || is_data {
            return self;
        }
        let name = &self.name;
        Self {
            message: format!("no service has the name `{name}`, and no data source has `{method}`"),
            remedy: "services other than HTTP come with a later version of Hookstead; call it \
                with `context.http`"
                .to_owned(),
            is_fatal: true,
            ..self
        }
    }

    /// The source of a route.
    /// `unusable`: the file, where it is there and cannot be used.
    pub(super) fn source(function: &str, unusable: Option<&str>) -> Self {
        let (message, remedy) = match (function, unusable) {
            ("", _) => ("no function is named".to_owned(), PUT_BACK),
            (_, Some(file)) => (
                format!(
                    "the file of the function `{function}` cannot be used ({file}): see the error \
                     of that file"
                ),
                "correct that file",
            ),
            (_, None) => (format!("the function `{function}` has no file"), PUT_BACK),
        };
        Self::new("file", function, message, remedy)
    }

    /// A stage of a pipeline of a user.
    pub(super) fn stage(name: &str) -> Self {
        let message = format!("users do not have the stage `{name}`");
        let remedy = "do without it, such as with a query for each of the collections";
        Self::new("feature", name, message, remedy)
    }

    /// A secret.
    pub(super) fn secret(name: &str) -> Self {
        let message = format!("the secret `{name}` is not set");
        Self::new("secret", name, message, &format!("set it with `hookstead secrets set {name}`"))
    }
}

/// Everything there is, for finding out what is not.
pub(super) struct Wanted<'a> {
    pub(super) app: &'a App,
    pub(super) functions: &'a Functions,
    pub(super) circumstances: &'a Circumstances<'a>,
}

impl Wanted<'_> {
    /// Whether a finding counts here.
    pub(super) fn applies(&self, applies: Applies) -> bool {
        match applies {
            Applies::Always => true,
            Applies::Embedded => self.circumstances.is_embedded,
            Applies::UserIsSystem => self.circumstances.user_is_system,
        }
    }

    /// A module that some of the files that name it cannot require.
    pub(super) fn module(
        &self,
        kind: ModuleKind,
        name: &str,
        files: &BTreeSet<String>,
    ) -> Option<Missing> {
        let word = match kind {
            ModuleKind::Builtin => return None,
            ModuleKind::Node => {
                let message = format!("the module `{name}` does nothing in functions yet");
                let remedy =
                    "use `context.http` for outgoing calls; there are no files and no processes";
                return Some(Missing::new("module", name, message, remedy));
            }
            ModuleKind::File => "module",
            ModuleKind::Package => "package",
        };
        let problem = |file: &String| self.functions.module_problem(file, name);
        let problem = files.iter().find_map(problem)?;
        Some(Missing::new(word, name, problem.message.clone(), &problem.remedy))
    }

    pub(super) fn service(&self, name: &str) -> Option<Missing> {
        let Some(service) = self.app.services.get(name) else {
            return self.data_source(name);
        };
        if service.kind == ServiceKind::Http {
            return self.http_service(name);
        }
        let remedy = "services other than HTTP come with a later version of Hookstead";
        let message = format!("the service `{name}` cannot be used yet");
        Some(Missing::new("service", name, message, remedy))
    }

    /// A name that nobody declares leads to the only data source there is.
    fn data_source(&self, name: &str) -> Option<Missing> {
        if self.circumstances.data_sources.contains(&name) {
            return None;
        }
        let message = format!("no service has the name `{name}`");
        if let [only] = self.circumstances.data_sources[..] {
            let message = format!("{message}; the data source `{only}` answers in its place");
            let remedy = "use the name of the data source, if that is what is meant";
            return Some(Missing::new("service", name, message, remedy).harmless());
        }
        let remedy = "use the name of a service of the export, or add the service";
        Some(Missing::new("service", name, message, remedy))
    }

    /// An HTTP service does what its rules allow.
    fn http_service(&self, name: &str) -> Option<Missing> {
        let allows = |rules: &ServiceRules| {
            let conditional = rules.conditional.iter().map(|rule| &rule.when);
            !rules.allowed.is_empty() || conditional.into_iter().any(|w| w.problems().is_empty())
        };
        if self.functions.service_rules(name).is_some_and(allows) {
            return None;
        }
        let remedy = "add a rule to the service that allows the actions which are used";
        let message = format!("no rule of the service `{name}` allows any action");
        Some(Missing::new("service", name, message, remedy))
    }

    /// A rule that opens a collection to users. Where the name of the collection is not known,
    /// there is no rule for it only where there is none at all.
    pub(super) fn rule(&self, used: &Collection) -> Option<Missing> {
        let Collection { source, database, collection } = used;
        let sources = &self.circumstances.data_sources;
        let source = match (source.as_str(), &sources[..]) {
            ("", [only]) => only,
            ("", _) => return None,
            (name, _) => name,
        };
        let rules = self.functions.data_rules(source);
        let is_known = !database.is_empty() && !collection.is_empty();
        let (name, message) = if is_known && rules.is_closed(database, collection) {
            let name = format!("{database}.{collection}");
            let message = format!("no rule opens the collection `{name}` to users");
            (name, message)
        } else if !is_known && rules.close_everything() {
            let message =
                format!("no rule of the data source `{source}` opens a collection to users");
            (String::new(), message)
        } else {
            return None;
        };
        let remedy = "add a role for the users of the function to the rules of the collection, or \
            mend what closes them";
        Some(Missing::new("rule", &name, message, remedy))
    }

    pub(super) fn value(&self, name: &str) -> Option<Missing> {
        match self.app.values.get(name) {
            Some(AppValue::Plain(_)) => None,
            Some(AppValue::FromSecret(secret)) => {
                let is_set = (self.circumstances.has_secret)(secret);
                (!is_set).then(|| Missing {
                    message: format!("the secret `{secret}` of the value `{name}` is not set"),
                    ..Missing::secret(secret)
                })
            }
            None => {
                let message = format!("there is no value `{name}`; functions get `undefined`");
                let remedy = format!("add `values/{name}.json` to the export");
                Some(Missing::new("value", name, message, &remedy).harmless())
            }
        }
    }

    pub(super) fn environment_value(&self, name: &str) -> Option<Missing> {
        let environment = &self.app.environment;
        let tag = if environment.tag.is_empty() { "no-environment" } else { &environment.tag };
        let message =
            format!("the environment `{tag}` has no value `{name}`; functions get `undefined`");
        let remedy =
            format!("add it to `environments/{tag}.json`, or name another one with --environment");
        let is_there = environment.values.contains_key(name);
        (!is_there).then(|| Missing::new("value", name, message, &remedy).harmless())
    }

    pub(super) fn function(&self, name: &str) -> Option<Missing> {
        let obstacle = self.functions.obstacle(name)?;
        let message = format!("the function `{name}` cannot be called: {obstacle}");
        let remedy = "add the function, or mend what keeps it from running";
        Some(Missing::new("function", name, message, remedy))
    }

    pub(super) fn feature(&self, name: &str) -> Option<Missing> {
        if [DATABASE, OUTGOING].contains(&name) {
            return None;
        }
        if name.starts_with('$') {
            let message =
                format!("only Atlas has the stage `{name}`, and the embedded store does not");
            let remedy = "set HOOKSTEAD_MONGODB_URI to the Atlas deployment that has the index";
            return self
                .circumstances
                .is_embedded
                .then(|| Missing::new("feature", name, message, remedy));
        }
        let message = format!("there is no `{name}` in functions");
        let remedy = match name {
            "XMLHttpRequest" => "call `context.http` instead",
            "crypto" => "require the module `crypto`, or use `utils.crypto`",
            _ => "do without it; App Services had none either",
        };
        Some(Missing::new("feature", name, message, remedy))
    }
}
