//! A server that speaks SMTP: aiosmtpd, which keeps what it takes.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use serde_json::{Value as Json, json};

use crate::{
    StartError,
    port::Port,
    python::{Python, cache_folder},
};

const CODE: &str = include_str!("mail_server.py");

/// How a server is spoken to.
#[derive(Debug, Default, Clone, Copy)]
pub struct MailServerOptions<'a> {
    /// Its certificate and its key, in DER; without them there is no TLS.
    pub certificate: Option<(&'a [u8], &'a [u8])>,
    /// Whether TLS begins with the first byte, and not with STARTTLS.
    pub is_wrapped: bool,
    /// User and password that it asks for.
    pub credentials: Option<(&'a str, &'a str)>,
}

/// A mail that a server has taken.
#[derive(Debug, Clone)]
pub struct ReceivedMail {
    /// Who it came from, as the client told the server.
    pub from: String,
    /// Who gets it, as the client told the server.
    pub to: Vec<String>,
    /// Names and values, decoded.
    pub headers: Vec<(String, String)>,
    /// Its text, decoded.
    pub text: String,
    /// Whether it came over TLS.
    pub is_encrypted: bool,
    /// Who the client said it is.
    pub user: Option<String>,
}

/// An SMTP server on a port of its own. It does what the name of the recipient says: `refused…` is
/// refused, `later…` is refused the first time, `slow…` gets no answer, `echo…` is refused with
/// the text of the mail, and everything else is taken.
pub struct MailServer {
    port: Port,
    process: Option<Child>,
    received: Arc<Mutex<Vec<ReceivedMail>>>,
}

impl MailServer {
    /// Starts one without TLS that takes mails of everybody.
    ///
    /// # Panics
    ///
    /// When there cannot be one; the text says what is missing.
    pub fn start() -> Self {
        Self::start_with(&MailServerOptions::default())
    }

    /// Starts one.
    ///
    /// # Panics
    ///
    /// When there cannot be one; the text says what is missing.
    pub fn start_with(options: &MailServerOptions<'_>) -> Self {
        let mut server = Self::away();
        server.begin(options);
        server
    }

    /// One that does not listen yet, with a port that nobody else has.
    ///
    /// # Panics
    ///
    /// When there is no port.
    pub fn away() -> Self {
        let port = Port::lease(&cache_folder().join("ports"));
        let port = port.unwrap_or_else(|error| panic!("no port for the SMTP server: {error}"));
        Self { port, process: None, received: Arc::default() }
    }

    /// Starts to listen.
    ///
    /// # Panics
    ///
    /// When it cannot; the text says what is missing.
    pub fn begin(&mut self, options: &MailServerOptions<'_>) {
        self.try_begin(options).unwrap_or_else(|error| panic!("{error}"));
    }

    /// The port, which is of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port.number
    }

    /// What it has taken, the oldest first.
    pub fn received(&self) -> Vec<ReceivedMail> {
        lock(&self.received).clone()
    }

    fn try_begin(&mut self, options: &MailServerOptions<'_>) -> Result<(), StartError> {
        let config = json!({
            "port": self.port.number,
            "certificate": options.certificate,
            "wrapped": options.is_wrapped,
            "credentials": options.credentials,
        });
        let mut command = Python::of_this_machine()?.code(CODE);
        command.arg(config.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn()?;
        let output = process.stdout.take();
        self.process = Some(process);
        let mut lines = BufReader::new(output.ok_or_else(silent)?).lines();
        lines.next().ok_or_else(silent)??;
        let received = Arc::clone(&self.received);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                lock(&received).extend(mail(&line));
            }
        });
        Ok(())
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl ReceivedMail {
    /// The value of a header that is there once.
    ///
    /// # Panics
    ///
    /// When it is not there once.
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} is there twice: {self:?}");
        value.unwrap_or_else(|| panic!("there is no {name}: {self:?}"))
    }
}

fn mail(line: &str) -> Option<ReceivedMail> {
    let json: Json = serde_json::from_str(line).ok()?;
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let headers = json["headers"].as_array()?.iter();
    Some(ReceivedMail {
        from: text(&json["from"])?,
        to: json["to"].as_array()?.iter().filter_map(text).collect(),
        headers: headers.filter_map(|pair| Some((text(&pair[0])?, text(&pair[1])?))).collect(),
        text: text(&json["text"])?,
        is_encrypted: json["encrypted"].as_bool()?,
        user: text(&json["user"]),
    })
}

fn silent() -> StartError {
    StartError::Silent { server: "the SMTP server", what: "ended", log: String::new() }
}

fn lock(received: &Mutex<Vec<ReceivedMail>>) -> MutexGuard<'_, Vec<ReceivedMail>> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}
