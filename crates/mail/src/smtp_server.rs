//! The operator's SMTP server, as its URL names it.

use std::{fmt, net::IpAddr, time::Duration};

use lettre::{
    AsyncSmtpTransport, Tokio1Executor,
    transport::smtp::{
        authentication::Credentials,
        client::{CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use percent_encoding::percent_decode_str;
use url::Url;

/// How messages go over the wire.
pub(crate) type Transport = AsyncSmtpTransport<Tokio1Executor>;

const PORT_OF_TLS: u16 = 465;
const PORT_OF_SUBMISSION: u16 = 587;
const PORT_OF_SMTP: u16 = 25;

/// Why a URL names no SMTP server. No message holds a part of the URL, which has a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum SmtpUrlError {
    #[error("it is no URL such as smtps://user:password@mail.example.com")]
    NoUrl,
    #[error("it must begin with smtps:// or smtp://")]
    Scheme,
    #[error("it names no host, or one with other characters than letters, digits, `.` and `-`")]
    Host,
    #[error("it has a user without a password, or a password without a user")]
    Credentials,
    #[error("what its user or password encodes with % is no UTF-8 text")]
    Encoding,
    #[error("it has a path or a fragment, which mean nothing here")]
    Path,
    #[error("its only parameter is `tls`, which is for smtp:// and is `required` or `none`")]
    Parameter,
    #[error(
        "its password would cross the network unencrypted: begin it with smtps://, or end it with \
         ?tls=required"
    )]
    PasswordInClear,
    #[error("the certificates that this machine trusts cannot be used")]
    Certificates,
}

/// An SMTP server, and how it is spoken to.
#[derive(Clone)]
pub struct SmtpServer {
    host: String,
    port: u16,
    encryption: Encryption,
    credentials: Option<Account>,
}

/// Who the program is for the server. There is no `Debug`.
#[derive(Clone)]
struct Account {
    user: String,
    password: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    /// TLS from the first byte.
    Tls,
    /// TLS after STARTTLS, or nothing is sent.
    StartTls,
    /// None.
    Off,
}

impl SmtpServer {
    /// Reads a URL: `smtps://user:password@host:port` speaks TLS from the first byte;
    /// `smtp://…?tls=required` asks for STARTTLS and sends nothing without it, as does `smtp://…`
    /// unless the host is the machine itself; `smtp://…?tls=none` is not encrypted. User and
    /// password are percent-encoded.
    ///
    /// # Errors
    /// The URL cannot be understood, or its password would be sent in clear to another machine.
    pub fn parse(text: &str) -> Result<Self, SmtpUrlError> {
        let url = Url::parse(text).map_err(|_| SmtpUrlError::NoUrl)?;
        let host = host(&url)?;
        let is_here = is_this_machine(&host);
        let encryption = encryption(&url, is_here)?;
        let credentials = credentials(&url)?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SmtpUrlError::Path);
        }
        if credentials.is_some() && encryption == Encryption::Off && !is_here {
            return Err(SmtpUrlError::PasswordInClear);
        }
        let port = url.port().unwrap_or(match encryption {
            Encryption::Tls => PORT_OF_TLS,
            Encryption::StartTls => PORT_OF_SUBMISSION,
            Encryption::Off => PORT_OF_SMTP,
        });
        Ok(Self { host, port, encryption, credentials })
    }

    /// What connects to it, and introduces itself with a name.
    ///
    /// # Errors
    /// TLS cannot be had.
    pub(crate) fn transport(&self, hello: &str, time: Duration) -> Result<Transport, SmtpUrlError> {
        let tls = match self.encryption {
            Encryption::Off => Tls::None,
            Encryption::StartTls => Tls::Required(self.trust()?),
            Encryption::Tls => Tls::Wrapper(self.trust()?),
        };
        let builder = Transport::builder_dangerous(&self.host)
            .port(self.port)
            .tls(tls)
            .timeout(Some(time))
            .hello_name(ClientId::Domain(hello.to_owned()));
        Ok(match &self.credentials {
            Some(Account { user, password }) => {
                builder.credentials(Credentials::new(user.clone(), password.clone())).build()
            }
            None => builder.build(),
        })
    }

    /// What must not be told of it; empty where there is nothing.
    pub(crate) fn password(&self) -> &str {
        self.credentials.as_ref().map_or("", |account| &account.password)
    }

    /// Whom connections trust: whom the machine trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` are
    /// honoured), or Mozilla's list where the machine has none, as in an empty container.
    fn trust(&self) -> Result<TlsParameters, SmtpUrlError> {
        let store = match rustls_native_certs::load_native_certs().certs.is_empty() {
            true => CertificateStore::WebpkiRoots,
            false => CertificateStore::Default,
        };
        let builder = TlsParameters::builder(self.host.clone()).certificate_store(store);
        builder.build().map_err(|_| SmtpUrlError::Certificates)
    }
}

/// The host and the port: credentials are nobody's business.
impl fmt::Display for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

fn host(url: &Url) -> Result<String, SmtpUrlError> {
    let host = url.host_str().unwrap_or_default();
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return Ok(address.to_owned());
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_plain) || url.port() == Some(0) {
        return Err(SmtpUrlError::Host);
    }
    Ok(host.to_ascii_lowercase())
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn encryption(url: &Url, is_here: bool) -> Result<Encryption, SmtpUrlError> {
    let mut parameters = url.query_pairs();
    let parameter = parameters.next();
    if parameters.next().is_some() {
        return Err(SmtpUrlError::Parameter);
    }
    let parameter = parameter.as_ref().map(|(name, value)| (&**name, &**value));
    match (url.scheme(), parameter) {
        ("smtps", None) => Ok(Encryption::Tls),
        ("smtp", None) if is_here => Ok(Encryption::Off),
        ("smtp", None | Some(("tls", "required"))) => Ok(Encryption::StartTls),
        ("smtp", Some(("tls", "none"))) => Ok(Encryption::Off),
        ("smtps" | "smtp", _) => Err(SmtpUrlError::Parameter),
        _ => Err(SmtpUrlError::Scheme),
    }
}

fn credentials(url: &Url) -> Result<Option<Account>, SmtpUrlError> {
    let decoded = |text| {
        let text = percent_decode_str(text).decode_utf8().map_err(|_| SmtpUrlError::Encoding)?;
        Ok(text.into_owned())
    };
    match (url.username(), url.password().unwrap_or_default()) {
        ("", "") => Ok(None),
        ("", _) | (_, "") => Err(SmtpUrlError::Credentials),
        (user, password) => {
            Ok(Some(Account { user: decoded(user)?, password: decoded(password)? }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_the_server_is_and_how_it_is_encrypted() {
        use Encryption::{Off, StartTls, Tls};
        for (url, place, encryption) in [
            ("smtps://mail.example.com", "mail.example.com:465", Tls),
            ("smtps://u:p@mail.example.com:2465", "mail.example.com:2465", Tls),
            ("smtp://mail.example.com", "mail.example.com:587", StartTls),
            ("smtp://u:p@Mail.example.com:25?tls=required", "mail.example.com:25", StartTls),
            ("smtp://maildev:1025?tls=none", "maildev:1025", Off),
            ("smtp://localhost", "localhost:25", Off),
            ("smtp://u:p@127.0.0.1:1025/", "127.0.0.1:1025", Off),
            ("smtp://[::1]:1025", "[::1]:1025", Off),
            ("smtp://localhost?tls=required", "localhost:587", StartTls),
        ] {
            let server = SmtpServer::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!((&*server.to_string(), server.encryption), (place, encryption), "{url}");
        }
    }

    #[test]
    fn what_is_not_understood_and_a_password_in_clear_are_refused() {
        use SmtpUrlError::{
            Credentials, Encoding, Host, NoUrl, Parameter, PasswordInClear, Path, Scheme,
        };
        for (url, expected) in [
            ("mail.example.com", NoUrl),
            ("", NoUrl),
            ("smtp://host:99999", NoUrl),
            ("http://mail.example.com", Scheme),
            ("smtp:mail.example.com", Host),
            ("smtp://", Host),
            ("smtp://b%C3%BCcher.example", Host),
            ("smtp://bücher.example", Host),
            ("smtp://host:0", Host),
            ("smtps://user@host", Credentials),
            ("smtps://:password@host", Credentials),
            ("smtps://user:%ff@host", Encoding),
            ("smtps://host/name", Path),
            ("smtps://host#x", Path),
            ("smtps://host?tls=none", Parameter),
            ("smtp://host?tls=opportunistic", Parameter),
            ("smtp://host?tls=", Parameter),
            ("smtp://host?TLS=required", Parameter),
            ("smtp://host?tls=required&tls=none", Parameter),
            ("smtp://u:p@host?tls=none", PasswordInClear),
            ("smtp://u:p@127.0.0.1.example.com?tls=none", PasswordInClear),
        ] {
            let error = SmtpServer::parse(url).err();
            assert_eq!(error, Some(expected), "{url}");
        }
    }

    #[test]
    fn credentials_are_decoded() {
        let server = SmtpServer::parse("smtps://ada%40example.com:p%3A%2F%20%C3%BC@host").unwrap();
        let Account { user, password } = server.credentials.unwrap();
        assert_eq!((&*user, &*password), ("ada@example.com", "p:/ ü"));
    }
}
