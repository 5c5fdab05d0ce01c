//! The kinds of parts, each with what is said about it.

use serde::Serialize;

/// What a part of an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartKind {
    /// A trigger: scheduled, of a database or of authentication.
    Trigger,
    /// The Data API.
    DataApi,
    /// The GraphQL API.
    Graphql,
    /// A custom resolver of the GraphQL API.
    Resolver,
    /// Static hosting.
    Hosting,
    /// Device Sync.
    Sync,
    /// A log forwarder.
    LogForwarder,
    /// An authentication provider.
    Provider,
    /// Custom user data.
    CustomUserData,
    /// The function that runs when a user is created.
    UserCreation,
    /// The rules of a collection, or those that hold for every other one.
    Rules,
    /// The schema of a collection.
    Schema,
    /// A folder that no layout has.
    Folder,
    /// A function that nothing in the export calls, so that client SDKs may.
    ClientFunction,
}

/// What is said about a kind.
struct Words {
    code: &'static str,
    noun: &'static str,
    plural: &'static str,
    loss: &'static str,
    remedy: &'static str,
}

impl PartKind {
    /// Every kind, in the order in which they are told.
    pub const ALL: [Self; 14] = [
        Self::Trigger,
        Self::DataApi,
        Self::Graphql,
        Self::Resolver,
        Self::Hosting,
        Self::Sync,
        Self::LogForwarder,
        Self::Provider,
        Self::CustomUserData,
        Self::UserCreation,
        Self::Rules,
        Self::Schema,
        Self::Folder,
        Self::ClientFunction,
    ];

    /// The code of its problem.
    pub fn code(self) -> &'static str {
        self.words().code
    }

    /// What one is called.
    pub fn noun(self) -> &'static str {
        self.words().noun
    }

    /// What several are called.
    pub fn plural(self) -> &'static str {
        self.words().plural
    }

    /// What becomes of it, such as `does not run`.
    pub fn loss(self) -> &'static str {
        self.words().loss
    }

    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        self.words().remedy
    }

    fn words(self) -> Words {
        let words = |code, noun, plural, loss, remedy| Words { code, noun, plural, loss, remedy };
        match self {
            Self::Trigger => words(
                "trigger-not-run",
                "trigger",
                "triggers",
                "not run",
                "call its function from cron with `hookstead function run`, or from the code \
                 that writes the documents",
            ),
            Self::DataApi => words(
                "data-api-not-served",
                "the Data API",
                "the Data API",
                "not served",
                "add endpoints for what its callers read and write",
            ),
            Self::Graphql => words(
                "graphql-not-served",
                "GraphQL",
                "GraphQL",
                "not served",
                "add endpoints for what its callers query",
            ),
            Self::Resolver => words(
                "resolver-not-served",
                "custom resolver",
                "custom resolvers",
                "not served",
                "give its function an endpoint",
            ),
            Self::Hosting => words(
                "hosting-not-served",
                "hosting",
                "hosting",
                "not served",
                "serve the folder `hosting/files` with a web server",
            ),
            Self::Sync => words(
                "sync-not-served",
                "sync",
                "sync",
                "not served",
                "let devices read and write through endpoints",
            ),
            Self::LogForwarder => words(
                "log-forwarder-not-run",
                "log forwarder",
                "log forwarders",
                "not run",
                "collect what `hookstead serve --log-format json` writes",
            ),
            Self::Provider => words(
                "provider-not-served",
                "authentication provider",
                "authentication providers",
                "no user can log in",
                "protect endpoints with a secret or a signature, or check callers in the function",
            ),
            Self::CustomUserData => words(
                "custom-user-data-not-read",
                "custom user data",
                "custom user data",
                "not read",
                "let functions read the document of the user",
            ),
            Self::UserCreation => words(
                "user-creation-function-not-run",
                "on_user_creation_function_name",
                "on_user_creation_function_name",
                "not run",
                "call the function where users are created",
            ),
            Self::Rules => words(
                "rules-not-evaluated",
                "rules of",
                "rules of collections",
                "not evaluated; only functions that run as system read and write",
                "check in the functions what a caller may read and write",
            ),
            Self::Schema => words(
                "schema-not-validated",
                "schema of",
                "schemas of collections",
                "documents are not validated against it",
                "check documents in the functions, or with a validator of MongoDB",
            ),
            Self::Folder => words(
                "folder-not-read",
                "folder",
                "folders of the root",
                "not read",
                "correct its name if it belongs to the export, or move it elsewhere",
            ),
            Self::ClientFunction => words(
                "function-for-clients",
                "function",
                "functions that nothing in the export calls",
                "client SDKs may call it, and cannot here",
                "give it an endpoint if a client calls it",
            ),
        }
    }
}
