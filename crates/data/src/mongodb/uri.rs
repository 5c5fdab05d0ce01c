//! The URI of a server, which holds a password: nothing that is said about it shows that.

use mongodb::options::{ConnectionString, HostInfo};

use crate::{DataError, ErrorKind};

/// Parses a URI, without looking anything up.
pub(super) fn parse(uri: &str) -> Result<ConnectionString, DataError> {
    let uri = uri.trim();
    match ConnectionString::parse(uri) {
        Ok(mut parsed) => {
            // Other drivers know this option; this one refuses to, and has other limits.
            #[expect(deprecated, reason = "the field of an option that must not be there")]
            let unsupported = &mut parsed.socket_timeout;
            *unsupported = None;
            Ok(parsed)
        }
        Err(error) => {
            let message = format!("the URI of MongoDB is not right: {}", fault(uri, &error));
            Err(DataError::new(ErrorKind::Refused, message))
        }
    }
}

/// The hosts of a URI, for people.
pub(super) fn hosts(uri: &ConnectionString) -> String {
    match &uri.host_info {
        HostInfo::HostIdentifiers(hosts) => {
            hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        HostInfo::DnsRecord(name) => name.clone(),
        _ => "?".to_owned(),
    }
}

/// What is wrong with a URI, in words that hold nothing of what may be a secret.
///
/// The driver quotes what it stumbles over, and it stumbles over passwords that are not encoded. So
/// everything up to the last `@` is replaced first: what is wrong then is no secret.
fn fault(uri: &str, error: &mongodb::error::Error) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else {
        return "it starts with neither mongodb:// nor mongodb+srv://".to_owned();
    };
    match rest.rsplit_once('@') {
        Some((_, rest)) => match ConnectionString::parse(format!("{scheme}://user:word@{rest}")) {
            Ok(_) => "characters other than letters and digits in the name of the user and in the \
                      password must be percent-encoded"
                .to_owned(),
            Err(error) => words(&error),
        },
        // Without an `@`, what looks like a port may be a password.
        None if words(error).contains("server address") => {
            "after the scheme comes [user:password@]host[:port]".to_owned()
        }
        None => words(error),
    }
}

/// The driver's words, without the values that it quotes.
fn words(error: &mongodb::error::Error) -> String {
    let message = match error.kind.as_ref() {
        mongodb::error::ErrorKind::InvalidArgument { message, .. } => message.as_str(),
        _ => "it cannot be parsed",
    };
    let end = [", got ", ", instead got ", " pair: "].iter().filter_map(|word| message.find(word));
    message.split_at(end.min().unwrap_or(message.len())).0.to_owned()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        let cases = [
            ("localhost:27017", "neither mongodb:// nor"),
            ("https://u:s3cret@host/", "unsupported connection string scheme: https"),
            ("mongodb://u:s3cret", "[user:password@]host[:port]"),
            ("mongodb://u:s3cret@", "hostname cannot be empty"),
            ("mongodb://u:s3c@ret@host/", "must be percent-encoded"),
            ("mongodb://u:s3c?ret=s3cret@host/", "must be percent-encoded"),
            ("mongodb://u:s3c/ret@host/", "must be percent-encoded"),
            ("mongodb://u:s3c%ret@host/", "must be percent-encoded"),
            ("mongodb://u:s3cret@host:port/", "the port must be an integer"),
            ("mongodb+srv://u:s3cret@host:1/", "a port cannot be specified with 'mongodb+srv'"),
            ("mongodb+srv://u:s3cret@a,b/", "exactly one host"),
            ("mongodb://u:s3cret@host/?tls=perhaps", "`tls` option must be a boolean"),
            ("mongodb://u:s3cret@host/?s3cret", "not a 'key=value'"),
            (
                "mongodb://u:s3cret@host/?authMechanismProperties=s3cret",
                "must be a colon-separated key-value pair",
            ),
        ];
        for (uri, expected) in cases {
            let error = parse(uri).unwrap_err();
            let told = format!("{error} {error:?}");
            assert!(told.contains(expected), "{uri}: {told}");
            assert!(!told.contains("s3c") && !told.contains("ret@"), "{uri}: {told}");
        }
    }

    #[test]
    fn what_other_drivers_take_is_taken() {
        for uri in [
            "mongodb://a:1,b:2/db?replicaSet=rs&socketTimeoutMS=1000&w=majority",
            "mongodb+srv://u:p%40ss@cluster.example.net/?retryWrites=true&w=majority\n",
            "mongodb://host/?tls=true&authMechanism=MONGODB-X509&tlsCertificateKeyFile=/x.pem",
        ] {
            assert!(parse(uri).is_ok(), "{uri}");
        }
    }
}
