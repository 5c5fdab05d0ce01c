//! The kinds of parts, each with what is said about it.

use crate::ProblemCode;

use serde::Serialize;

/// What a part of an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartKind {
    /// A trigger: scheduled, of a database or of authentication.
    Trigger,
    /// A function that nothing in the export calls, so that client SDKs may.
    ClientFunction,
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
    /// Emails to users, where no mail server is named.
    Email,
    /// A folder that no layout has.
    Folder,
}

/// What is said about a kind.
struct Words {
    code: ProblemCode,
    noun: &'static str,
    plural: &'static str,
    loss: &'static str,
    remedy: &'static str,
}

impl PartKind {
    /// Every kind, in the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::Trigger,
        Self::ClientFunction,
        Self::DataApi,
        Self::Graphql,
        Self::Resolver,
        Self::Hosting,
        Self::Sync,
        Self::LogForwarder,
        Self::Email,
        Self::Folder,
    ];

    /// The code of its problem.
    pub fn code(self) -> ProblemCode {
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

    fn words(self) -> &'static Words {
        &WORDS[self as usize]
    }
}

/// What is said about each kind, in the order of the kinds.
const WORDS: [Words; PartKind::ALL.len()] = [
    Words {
        code: ProblemCode::TriggerNotRun,
        noun: "trigger",
        plural: "triggers",
        loss: "not run",
        remedy: "call its function from cron with `hookstead function run`, or from the code \
            that writes the documents",
    },
    Words {
        code: ProblemCode::FunctionForClients,
        noun: "function",
        plural: "functions that nothing in the export calls",
        loss: "no client can log in to call it",
        remedy: "enable an authentication provider, or give it an endpoint, if a client calls it",
    },
    Words {
        code: ProblemCode::DataApiNotServed,
        noun: "the Data API",
        plural: "the Data API",
        loss: "not served",
        remedy: "add endpoints for what its callers read and write",
    },
    Words {
        code: ProblemCode::GraphqlNotServed,
        noun: "GraphQL",
        plural: "GraphQL",
        loss: "not served",
        remedy: "add endpoints for what its callers query",
    },
    Words {
        code: ProblemCode::ResolverNotServed,
        noun: "custom resolver",
        plural: "custom resolvers",
        loss: "not served",
        remedy: "give its function an endpoint",
    },
    Words {
        code: ProblemCode::HostingNotServed,
        noun: "hosting",
        plural: "hosting",
        loss: "not served",
        remedy: "serve the folder `hosting/files` with a web server",
    },
    Words {
        code: ProblemCode::SyncNotServed,
        noun: "sync",
        plural: "sync",
        loss: "not served",
        remedy: "let devices read and write through endpoints",
    },
    Words {
        code: ProblemCode::LogForwarderNotRun,
        noun: "log forwarder",
        plural: "log forwarders",
        loss: "not run",
        remedy: "collect what `hookstead serve --log-format json` writes",
    },
    Words {
        code: ProblemCode::EmailNotSent,
        noun: "emails to users",
        plural: "emails to users",
        loss: "not sent",
        remedy: "name a mail server with `[mail] smtp_url`, or confirm users with `hookstead users \
            confirm` and give them the links of `hookstead users reset-link`",
    },
    Words {
        code: ProblemCode::FolderNotRead,
        noun: "folder",
        plural: "folders of the root",
        loss: "not read",
        remedy: "correct its name if it belongs to the export, or move it elsewhere",
    },
];
