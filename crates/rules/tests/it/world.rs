//! What conditions are evaluated in: an app, and documents as cases write them.

use bson::{Bson, RawDocumentBuf};
use hookstead_rules::{App, CallFailure, Documents, Future, Scope};
use serde_json::{Value as Json, json};

/// An app with some values and functions.
pub(crate) struct TestApp;

impl App for TestApp {
    fn value(&self, name: &str) -> Option<Bson> {
        let values = json!({
            "editors": ["u1", "u2"],
            "limits": {"items": 5},
            "operator": {"$gt": ""},
            "nothing": null,
        });
        values.get(name).map(bson_of)
    }

    fn environment_tag(&self) -> &str {
        "production"
    }

    fn environment_value(&self, name: &str) -> Option<Bson> {
        (name == "plan").then(|| "big".into())
    }

    fn call<'a>(
        &'a self,
        name: &'a str,
        mut arguments: Vec<Bson>,
    ) -> Future<'a, Result<Bson, CallFailure>> {
        Box::pin(async move {
            match name {
                "echo" => Ok(arguments.pop().unwrap_or(Bson::Undefined)),
                "count" => Ok(i32::try_from(arguments.len()).unwrap_or(i32::MAX).into()),
                "isEven" => Ok(matches!(arguments[..], [Bson::Int32(n)] if n % 2 == 0).into()),
                "wait" => {
                    tokio::task::yield_now().await;
                    Ok(true.into())
                }
                _ => Err(CallFailure { message: format!("no function `{name}`") }),
            }
        })
    }
}

/// What a case says of its call.
#[derive(Default)]
pub(crate) struct World {
    user: Option<RawDocumentBuf>,
    request: Option<RawDocumentBuf>,
    args: Option<RawDocumentBuf>,
    root: Option<RawDocumentBuf>,
    prev_root: Option<RawDocumentBuf>,
    field: Option<String>,
}

impl World {
    /// Reads a case; `field` names the field that the condition stands at.
    pub(crate) fn new(case: &Json) -> Self {
        let document = |key: &str| case.get(key).map(raw_of);
        Self {
            user: document("user"),
            request: document("request"),
            args: document("args"),
            root: document("root"),
            prev_root: document("prevRoot"),
            field: case.get("field").and_then(Json::as_str).map(str::to_owned),
        }
    }

    pub(crate) fn scope(&self) -> Scope<'_> {
        let documents = Documents::written(self.root.as_deref(), self.prev_root.as_deref());
        let documents = match &self.field {
            None => documents,
            Some(field) => {
                let this = self.root.as_deref().and_then(|root| root.get(field).unwrap());
                let prev = self.prev_root.as_deref().and_then(|root| root.get(field).unwrap());
                documents.at_field(this, prev)
            }
        };
        Scope {
            app: &TestApp,
            user: self.user.as_deref(),
            request: self.request.as_deref(),
            args: self.args.as_deref(),
            documents,
        }
    }
}

/// A value of a case, which is written as extended JSON.
pub(crate) fn bson_of(json: &Json) -> Bson {
    Bson::try_from(json.clone()).unwrap()
}

/// A document of a case.
pub(crate) fn raw_of(json: &Json) -> RawDocumentBuf {
    let Bson::Document(document) = bson_of(json) else { panic!("no document: {json}") };
    RawDocumentBuf::try_from(&document).unwrap()
}
