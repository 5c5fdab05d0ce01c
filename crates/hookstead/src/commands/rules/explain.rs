//! `hookstead rules explain`.

use std::io::Write as _;

use anyhow::Context as _;
use bson::{Bson, oid::ObjectId};
use hookstead_data::Namespace;
use hookstead_functions::{Caller, Console, User};
use hookstead_rules::{Explanation, Outcome, Shown};
use serde_json::{Value as Json, json};

use crate::{
    commands::{
        data::place::{choose, namespace},
        users::place::{Home, Place, explain as told, id, print},
    },
    exit::Exit,
    terminal::{BOLD, DIM, GREEN, YELLOW, clean, paint},
};

/// Say why a user may read and write in a collection, or may not
///
/// Tells which role counts, and what came of each condition that was asked, in their order. The
/// user is as functions see one, with the custom data that the app has now. Functions that the
/// rules call do run. With the _id of a document, it tells what the user sees of that document.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Collection with its database, such as shop.orders
    #[arg(value_name = "DB.COLLECTION", value_parser = namespace)]
    namespace: Namespace,

    /// _id of a document: 24 hexadecimal digits, extended JSON or text
    #[arg(value_name = "ID", allow_hyphen_values = true)]
    document: Option<String>,

    /// Id of the user: 24 hexadecimal digits
    #[arg(long, value_name = "ID", value_parser = id)]
    user: String,

    /// Data source of the app; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    data_source: Option<String>,

    /// Print a JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    home: Home,
}

/// What the rules say, and about what.
struct Explained<'a> {
    args: &'a Args,
    source: &'a str,
    /// The `_id` of the document that was found; the first that was looked for where none was.
    id: Option<Bson>,
    explanation: Explanation,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let place = args.home.open()?;
    let names = place.prepared.documents.iter().map(|(name, _)| name.as_str());
    let names: Vec<&str> = names.collect();
    let source = choose("--data-source", args.data_source.as_deref(), &names)?;
    let explained = place.runtime.block_on(Explained::new(args, &place, source))?;
    match args.json {
        true => print(&explained.json())?,
        false => explained.tell()?,
    }
    Ok(Exit::Success)
}

/// What a command line may mean by an `_id`, in the order in which it is looked for.
fn ids(text: &str) -> Vec<Bson> {
    let mut ids = Vec::new();
    if let Ok(id) = ObjectId::parse_str(text) {
        ids.push(Bson::ObjectId(id));
    } else if let Ok(json) = serde_json::from_str::<Json>(text) {
        ids.extend(Bson::try_from(json));
    }
    ids.push(Bson::String(text.to_owned()));
    ids
}

impl<'a> Explained<'a> {
    async fn new(args: &'a Args, place: &Place, source: &'a str) -> anyhow::Result<Self> {
        let failed = |error| told(error, &args.user);
        let user = place.users.by_id(&args.user).await.map_err(failed)?;
        let user = place.users.with_custom_data(user).await.map_err(failed)?;
        let caller = Caller {
            user: User::Known(user),
            runs_as_system: false,
            request: None,
            console: Console::default(),
        };
        let store = place.prepared.site.functions().user_store(source, &caller);
        let store = store.context("the data source is not open")?;
        let Some(text) = &args.document else {
            let explanation = store.explain(&args.namespace, None).await?;
            return Ok(Self { args, source, id: None, explanation });
        };
        let mut missing = None;
        for id in ids(text) {
            let explanation = store.explain(&args.namespace, Some(id.clone())).await?;
            let found = Self { args, source, id: Some(id), explanation };
            if found.explanation.shown != Some(Shown::NoDocument) {
                return Ok(found);
            }
            missing.get_or_insert(found);
        }
        missing.context("nothing was looked for")
    }

    fn namespace(&self) -> String {
        let Namespace { database, collection } = &self.args.namespace;
        format!("{database}.{collection}")
    }

    fn json(&self) -> Json {
        let Explanation { file, role, steps, refused, shown, may_delete } = &self.explanation;
        let (found, reads, fields) = match shown {
            None => (Json::Null, Json::Null, Json::Null),
            Some(Shown::NoDocument) => (json!(false), Json::Null, Json::Null),
            Some(Shown::Nothing) => (json!(true), json!("nothing"), Json::Null),
            Some(Shown::Everything) => (json!(true), json!("everything"), Json::Null),
            Some(Shown::Fields(names)) => (json!(true), json!("fields"), json!(names)),
        };
        let conditions = steps.iter().map(|step| {
            let (outcome, reason) = match &step.outcome {
                Outcome::Holds => ("holds", None),
                Outcome::Fails => ("fails", None),
                Outcome::NoValue(reason) => ("no-value", Some(reason)),
                Outcome::DependsOnDocument => ("depends-on-document", None),
            };
            json!({ "condition": step.condition, "outcome": outcome, "reason": reason })
        });
        json!({
            "user": self.args.user,
            "data_source": self.source,
            "collection": self.namespace(),
            "_id": self.id.clone().map(Bson::into_relaxed_extjson),
            "found": found,
            "refused": refused,
            "file": file,
            "role": role,
            "reads": reads,
            "fields": fields,
            "deletes": matches!(found, Json::Bool(true)).then_some(may_delete),
            "conditions": conditions.collect::<Vec<_>>(),
        })
    }

    /// Tells people: what came of it first, then why.
    fn tell(&self) -> anyhow::Result<()> {
        let mut out = anstream::stdout().lock();
        for (name, text) in self.answers() {
            writeln!(out, "{}  {}", paint(BOLD, &format!("{name:8}")), clean(&text))?;
        }
        let steps = &self.explanation.steps;
        if !steps.is_empty() {
            writeln!(out)?;
        }
        let names = steps.iter().map(|step| clean(&step.condition));
        let names: Vec<_> = names.collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        for (step, name) in steps.iter().zip(&names) {
            let style = match step.outcome {
                Outcome::Holds => GREEN,
                Outcome::Fails | Outcome::NoValue(_) => YELLOW,
                Outcome::DependsOnDocument => DIM,
            };
            let outcome = step.outcome.to_string();
            writeln!(out, "{name:width$}  {}", paint(style, &clean(&outcome)))?;
        }
        Ok(())
    }

    fn answers(&self) -> Vec<(&'static str, String)> {
        let Explanation { file, role, steps, refused, shown, may_delete } = &self.explanation;
        let mut answers = vec![("user", self.args.user.clone())];
        let id = self.id.clone().map(|id| format!(" {}", id.into_relaxed_extjson()));
        answers.push(("about", format!("{}{}", self.namespace(), id.unwrap_or_default())));
        answers.extend(file.clone().map(|file| ("file", file)));
        let depends = steps.iter().any(|step| step.outcome == Outcome::DependsOnDocument);
        let no_role = if depends { "depends on the document" } else { "none" };
        answers.push(("role", role.clone().unwrap_or_else(|| no_role.to_owned())));
        answers.extend(refused.clone().map(|reason| ("refused", reason)));
        let reads = match shown {
            None => return answers,
            Some(Shown::NoDocument) => {
                answers.push(("document", "there is none with this _id".to_owned()));
                return answers;
            }
            Some(Shown::Nothing) => "nothing".to_owned(),
            Some(Shown::Everything) => "everything".to_owned(),
            Some(Shown::Fields(names)) => names.join(", "),
        };
        answers.push(("reads", reads));
        let deletes = if *may_delete { "yes" } else { "no" };
        answers.push(("deletes", deletes.to_owned()));
        answers
    }
}

#[cfg(test)]
mod tests {
    use bson::{Bson, oid::ObjectId};

    use super::ids;

    #[test]
    fn an_id_is_an_object_id_or_extended_json_before_it_is_text() {
        let text = |text: &str| Bson::String(text.to_owned());
        let object_id = ObjectId::from_bytes([0xa1; 12]);
        for (given, expected) in [
            (&*"a1".repeat(12), vec![Bson::ObjectId(object_id), text(&"a1".repeat(12))]),
            ("ada", vec![text("ada")]),
            ("7", vec![Bson::Int32(7), text("7")]),
            ("-7", vec![Bson::Int32(-7), text("-7")]),
            (r#"{"$numberLong":"7"}"#, vec![Bson::Int64(7), text(r#"{"$numberLong":"7"}"#)]),
            (r#"{"$oid":"7"}"#, vec![text(r#"{"$oid":"7"}"#)]),
        ] {
            assert_eq!(ids(given), expected, "{given}");
        }
    }
}
