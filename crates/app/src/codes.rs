//! The codes of problems, which docs/check.md explains one by one.

use std::fmt;

use serde::{Serialize, Serializer};

/// Defines [`ProblemCode`].
macro_rules! codes {
    ($($code:ident = $text:literal),* $(,)?) => {
        /// The code of a problem: stable, and made of small letters and hyphens.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "docs/check.md explains them")]
        pub enum ProblemCode {
            $($code),*
        }

        impl ProblemCode {
            /// Every code, in the order of the alphabet.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// As people and programs get it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $text),*
                }
            }
        }
    };
}

// A test holds this list to docs/check.md: a new code wants a row there.
codes! {
    AppIdMissing = "app-id-missing",
    AuthFunctionMissing = "auth-function-missing",
    ConditionFunctionMissing = "condition-function-missing",
    ConditionNotUnderstood = "condition-not-understood",
    ConfigVersionUnknown = "config-version-unknown",
    CustomUserDataSetting = "custom-user-data-setting",
    DataApiNotServed = "data-api-not-served",
    DependenciesArchive = "dependencies-archive",
    DependencyConflict = "dependency-conflict",
    DependencyVersion = "dependency-version",
    EmailNotSent = "email-not-sent",
    EndpointAuthenticationUnsupported = "endpoint-authentication-unsupported",
    EndpointDuplicate = "endpoint-duplicate",
    EndpointFunctionMissing = "endpoint-function-missing",
    EndpointFunctionRefused = "endpoint-function-refused",
    EndpointMethod = "endpoint-method",
    EndpointMethodsDiffer = "endpoint-methods-differ",
    EndpointProtectionDiffers = "endpoint-protection-differs",
    EndpointProtectionUnresolved = "endpoint-protection-unresolved",
    EndpointReturnType = "endpoint-return-type",
    EndpointRoute = "endpoint-route",
    EndpointUnreadable = "endpoint-unreadable",
    EndpointsForeign = "endpoints-foreign",
    EnvironmentMissing = "environment-missing",
    EnvironmentValuesMissing = "environment-values-missing",
    FieldDuplicate = "field-duplicate",
    FieldType = "field-type",
    FieldUnknown = "field-unknown",
    FileLetterCase = "file-letter-case",
    FileUnusable = "file-unusable",
    FolderNotRead = "folder-not-read",
    FunctionDuplicate = "function-duplicate",
    FunctionFileMissing = "function-file-missing",
    FunctionForClients = "function-for-clients",
    FunctionNameMissing = "function-name-missing",
    FunctionNotAnalysed = "function-not-analysed",
    FunctionRightsUnknown = "function-rights-unknown",
    FunctionSyntaxError = "function-syntax-error",
    GraphqlNotServed = "graphql-not-served",
    HostingNotServed = "hosting-not-served",
    JsonShape = "json-shape",
    JsonSyntax = "json-syntax",
    JsonTrailingComma = "json-trailing-comma",
    LogForwarderNotRun = "log-forwarder-not-run",
    OriginsUnreadable = "origins-unreadable",
    ProviderDuplicate = "provider-duplicate",
    ProviderSecret = "provider-secret",
    ProviderSetting = "provider-setting",
    ProviderType = "provider-type",
    ProviderUnreadable = "provider-unreadable",
    ResolverNotServed = "resolver-not-served",
    RootFileMissing = "root-file-missing",
    RulesDuplicate = "rules-duplicate",
    RulesOtherCollection = "rules-other-collection",
    RunAsConflict = "run-as-conflict",
    RunAsOverridden = "run-as-overridden",
    SecretMissing = "secret-missing",
    SecretName = "secret-name",
    SecretsFile = "secrets-file",
    ServiceType = "service-type",
    ServiceUnreadable = "service-unreadable",
    SourceExportsNothing = "source-exports-nothing",
    SourceMethodUnknown = "source-method-unknown",
    SourceModuleExports = "source-module-exports",
    SourceNameUndefined = "source-name-undefined",
    SourceNotAConstructor = "source-not-a-constructor",
    SourceStoreRefuses = "source-store-refuses",
    SourceUserIsSystem = "source-user-is-system",
    SyncNotServed = "sync-not-served",
    TemplateUnresolved = "template-unresolved",
    TriggerNotRun = "trigger-not-run",
    ValidationConflict = "validation-conflict",
    ValidationMissing = "validation-missing",
    ValidationUnknown = "validation-unknown",
    ValueDuplicate = "value-duplicate",
    ValueSecret = "value-secret",
    WebhookConfigMissing = "webhook-config-missing",
    WebhookDuplicate = "webhook-duplicate",
    WebhookFileMissing = "webhook-file-missing",
    WebhookMethod = "webhook-method",
    WebhookPrivate = "webhook-private",
    WebhookProtectionDiffers = "webhook-protection-differs",
}

impl ProblemCode {
    /// The code with this text.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ProblemCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl PartialEq<&str> for ProblemCode {
    fn eq(&self, text: &&str) -> bool {
        self.as_str() == *text
    }
}
