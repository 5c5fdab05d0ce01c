//! How the users of an app prove who they are, and what is known of them
//! (docs/behaviour/users.md#providers).

use super::Place;

/// An authentication provider: a way in which users prove who they are.
#[derive(Debug, Clone)]
pub struct AuthProvider {
    /// Where it is declared.
    pub declared_in: Place,
    /// What it is and how it is set up.
    pub setup: ProviderSetup,
}

/// What a provider is, and how it is set up. One whose setup cannot be understood is left out of
/// the app, so that it refuses as one that is not there.
#[derive(Debug, Clone)]
pub enum ProviderSetup {
    /// Nobody may log in with it; whatever else is declared of it is not read.
    Disabled,
    /// `anon-user`: anybody gets a new user.
    Anonymous,
    /// `api-key`: keys of the app and of its users.
    ApiKey,
    /// `local-userpass`: email address and password.
    EmailPassword(EmailPasswordSetup),
    /// `custom-token`: JSON Web Tokens of somebody else.
    CustomToken(CustomTokenSetup),
    /// `custom-function`: the function of the app that says who somebody is.
    CustomFunction(String),
    /// `oauth2-google`.
    Google(OAuthSetup),
    /// `oauth2-facebook`.
    Facebook(OAuthSetup),
    /// `oauth2-apple`.
    Apple(OAuthSetup),
}

impl ProviderSetup {
    /// The secrets that the provider needs: the key below `secret_config`, and the name.
    pub fn secrets(&self) -> Vec<(String, &str)> {
        match self {
            Self::CustomToken(setup) => match &setup.keys {
                TokenKeys::Hs256(names) | TokenKeys::Rs256(names) => {
                    let keys = names.iter().enumerate();
                    keys.map(|(index, name)| (format!("signingKeys[{index}]"), &**name)).collect()
                }
                TokenKeys::Jwks(_) => Vec::new(),
            },
            Self::Google(setup) | Self::Facebook(setup) | Self::Apple(setup) => {
                let secret = setup.client_secret.as_deref();
                secret.map(|name| ("clientSecret".to_owned(), name)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The functions of the app that the provider calls.
    pub fn functions(&self) -> Vec<&str> {
        match self {
            Self::CustomFunction(name) => vec![name],
            Self::EmailPassword(setup) => {
                let confirmation = match &setup.confirmation {
                    Confirmation::Function(name) => Some(name),
                    Confirmation::Automatic | Confirmation::Email(_) => None,
                };
                let reset = match &setup.reset {
                    PasswordReset::Function(name) => Some(name),
                    PasswordReset::Email(_) => None,
                };
                confirmation.into_iter().chain(reset).map(String::as_str).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The setup of `local-userpass` (docs/behaviour/users.md#email-and-password).
#[derive(Debug, Clone)]
pub struct EmailPasswordSetup {
    /// How a new user is confirmed.
    pub confirmation: Confirmation,
    /// How a user who forgot the password gets a new one.
    pub reset: PasswordReset,
}

/// How a new user is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// Registering is enough.
    Automatic,
    /// By what this function returns. It may not exist, and then nobody is confirmed.
    Function(String),
    /// By a link in an email.
    Email(EmailLink),
}

/// How a user who forgot the password gets a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordReset {
    /// By what this function returns. It may not exist, and then no password is reset.
    Function(String),
    /// By a link in an email.
    Email(EmailLink),
}

/// The link in an email, and its subject.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct EmailLink {
    /// The page that the link leads to; `token` and `tokenId` are added to it.
    pub url: Option<String>,
    /// The subject of the email.
    pub subject: Option<String>,
}

/// The setup of `custom-token` (docs/behaviour/users.md#custom-tokens).
#[derive(Debug, Clone)]
pub struct CustomTokenSetup {
    /// The audiences that a token must name; empty means the client app id.
    pub audience: Vec<String>,
    /// Whether one of the audiences is enough.
    pub require_any_audience: bool,
    /// What the signature is checked with.
    pub keys: TokenKeys,
    /// What of a token becomes data of the user.
    pub metadata_fields: Vec<MetadataField>,
}

/// What the signature of a custom token is checked with; it fixes the algorithm too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenKeys {
    /// HMAC with SHA-256; the names of the secrets that hold the keys, at least one.
    Hs256(Vec<String>),
    /// RSA with SHA-256; the names of the secrets that hold the public keys, at least one.
    Rs256(Vec<String>),
    /// RSA with SHA-256; the URL of a JSON Web Key Set.
    Jwks(String),
}

/// A part of a token, or of what a provider knows, that becomes data of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataField {
    /// Whether nobody logs in without it.
    pub required: bool,
    /// Where it is: the keys from the outermost object to the value, at least one.
    pub path: Vec<String>,
    /// Its name in the data of the user.
    pub field_name: String,
}

/// The setup of a provider that speaks OAuth 2.0 (docs/behaviour/users.md#providers).
#[derive(Debug, Clone)]
pub struct OAuthSetup {
    /// The id that the provider gave the app.
    pub client_id: String,
    /// The name of the secret that holds what the app proves itself with.
    pub client_secret: Option<String>,
    /// Whether users come with an OpenID Connect token, which has no metadata fields.
    pub open_id: bool,
    /// What of the provider becomes data of the user.
    pub metadata_fields: Vec<MetadataField>,
    /// Where a browser may be sent with the result.
    pub redirect_uris: Vec<String>,
    /// The domains that the email address of a user must be of; empty means any.
    pub domain_restrictions: Vec<String>,
}

/// What the app keeps of its users, and what it does with new ones
/// (docs/behaviour/users.md#custom-user-data).
#[derive(Debug, Default, Clone)]
pub struct CustomUserData {
    /// Where the data is.
    pub source: CustomUserDataSource,
    /// The function that is called with every new user, whether there is custom data or not. It
    /// may not exist, and then there are no new users.
    pub on_user_creation_function: Option<String>,
    /// Where it is declared, when it is.
    pub declared_in: Option<Place>,
}

/// Where custom user data is.
///
/// A condition may ask that something does not stand in it. What cannot be understood is therefore
/// not the same as no data.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum CustomUserDataSource {
    /// There is none: `custom_data` is empty.
    #[default]
    Off,
    /// In a collection.
    Collection {
        /// The name of the data source, which exists.
        data_source: String,
        /// The database.
        database: String,
        /// The collection.
        collection: String,
        /// The field that holds the id of the user, as text or as an ObjectId.
        user_id_field: String,
    },
    /// The configuration cannot be understood, so that no user may be served; the reason is for
    /// the log.
    Refused(String),
}
