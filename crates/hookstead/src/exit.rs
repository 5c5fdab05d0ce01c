//! What the program tells the shell.

use std::{
    env,
    ffi::OsString,
    io::{self, ErrorKind},
    process::ExitCode,
};

use clap::error::{ContextKind, ContextValue, ErrorKind as UsageKind};
use hookstead_app::io_words;

use crate::{settings::SettingErrors, terminal};

/// Flags that other programs have for where they listen.
const LISTEN_FLAGS: [&str; 8] =
    ["--port", "-p", "--host", "-H", "--address", "--addr", "--bind", "-b"];

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything is well.
    Success,
    /// The command failed, or found something that will not run.
    Failure,
    /// The command was called wrongly, or a setting cannot be used.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
        })
    }
}

/// A command that was called in a way that clap cannot see.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Tells an error, and how the command ended because of it.
///
/// A reader that went away, as `head` does, has seen all it wanted: that is success.
pub(crate) fn of_error(error: &anyhow::Error) -> Exit {
    if error.chain().any(is_broken_pipe) {
        return Exit::Success;
    }
    terminal::error(&text_of(error));
    if error.is::<SettingErrors>() || error.is::<UsageError>() {
        return Exit::Usage;
    }
    Exit::Failure
}

/// What stands before a remedy, which has a line of its own.
pub(crate) const REMEDY: &str = "\n  → ";

/// An error with its causes, each told once, and what to do about it at the end.
pub(crate) fn text_of(error: &anyhow::Error) -> String {
    let (mut text, mut remedies) = (String::new(), Vec::new());
    // Whoever opens a file names it. What is left is what a command writes its output to.
    if error.chain().next().is_some_and(|first| first.is::<io::Error>()) {
        text.push_str("standard output cannot be written");
    }
    for cause in error.chain() {
        let cause = match cause.downcast_ref::<io::Error>() {
            Some(error) => {
                let words = io_words(error);
                // What holds the text of the error has that of the system.
                text = text.replace(&error.to_string(), &words);
                words
            }
            None => cause.to_string(),
        };
        let (what, remedy) = cause
            .split_once(REMEDY)
            .map_or((&*cause, None), |(what, remedy)| (what, Some(remedy.to_owned())));
        remedies.extend(remedy);
        // Some errors hold the text of their cause.
        if !text.contains(what) {
            let separator = if text.is_empty() { "" } else { ": " };
            text.push_str(separator);
            text.push_str(what);
        }
    }
    if remedies.is_empty() {
        remedies.extend(error.chain().find_map(remedy_of).map(str::to_owned));
    }
    remedies.iter().for_each(|remedy| text.extend([REMEDY, remedy]));
    text
}

/// What helps against errors of the system, wherever they come from.
fn remedy_of(cause: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    Some(match cause.downcast_ref::<io::Error>()?.kind() {
        ErrorKind::PermissionDenied => {
            "let this user read it (and write it, if it is in the data folder), or run the program \
             as the owner of the file; do not run the server as root"
        }
        ErrorKind::StorageFull => "make room on the disk, or write to another one",
        ErrorKind::ReadOnlyFilesystem => "name a place that can be written",
        _ => return None,
    })
}

/// Tells that the command line is wrong, or the help that was asked for.
pub(crate) fn of_usage(mut error: clap::Error) -> Exit {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let tip = tip_for_listen(&error, &arguments);
    // For a flag that does not exist, it would be to pass the flag as a value.
    if error.kind() == UsageKind::UnknownArgument {
        error.remove(ContextKind::Suggested);
    }
    if error.use_stderr() && wants_json(&arguments, |name| env::var_os(name)) {
        terminal::belongs_to_log();
        terminal::log_is_json();
        let tip = tip.map(|tip| format!("\n{tip}")).unwrap_or_default();
        terminal::error(&format!("{}{tip}", error.render().to_string().trim()));
    } else {
        let _ = error.print();
        tip.iter().for_each(|tip| terminal::note(&format!("\n{tip}")));
    }
    if error.use_stderr() { Exit::Usage } else { Exit::Success }
}

/// What to write in place of a flag that other programs have for the address or the port.
fn tip_for_listen(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let flag = match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(flag) if error.kind() == UsageKind::UnknownArgument => flag.as_str(),
        _ => return None,
    };
    let flag = flag.split('=').next().unwrap_or_default();
    let is_serve = arguments.first().is_some_and(|command| command == "serve");
    if !is_serve || !LISTEN_FLAGS.contains(&flag) {
        return None;
    }
    let mut given = arguments.iter().filter_map(|argument| argument.to_str());
    let found = given.find(|argument| argument.split('=').next() == Some(flag))?;
    let value = found.split_once('=').map(|(_, value)| value).or_else(|| given.next());
    let port = value.and_then(|value| value.parse::<u16>().ok());
    let port = port.map_or_else(|| "PORT".to_owned(), |port| port.to_string());
    Some(format!("  tip: the address and the port are one flag: --listen 127.0.0.1:{port}"))
}

/// Whether a command line that cannot be read asks for a log of JSON.
fn wants_json(arguments: &[OsString], variable: impl Fn(&str) -> Option<OsString>) -> bool {
    if arguments.first().is_none_or(|command| command != "serve") {
        return false;
    }
    let mut following = arguments.iter().skip_while(|argument| *argument != "--log-format");
    following.next();
    let given = following.next().map(OsString::as_os_str);
    arguments.iter().any(|argument| argument == "--log-format=json")
        || given
            .map_or_else(|| variable("HOOKSTEAD_LOG_FORMAT"), |text| Some(text.to_owned()))
            .is_some_and(|format| format == "json")
}

fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    fn denied() -> io::Error {
        ErrorKind::PermissionDenied.into()
    }

    /// An error that holds the text of its cause.
    fn doubled() -> anyhow::Error {
        let message = format!("documents.lock: {}", denied());
        anyhow::Error::new(denied()).context(message)
    }

    #[test]
    fn an_error_is_told_with_its_causes_once_and_its_remedy_last() {
        let of_user = "\n  → let this user read it (and write it, if it is in the data folder), \
                       or run the program as the owner of the file; do not run the server as root";
        let cases = [
            (
                doubled().context("the documents cannot be opened"),
                format!(
                    "the documents cannot be opened: documents.lock: this user is not allowed \
                     to{of_user}"
                ),
            ),
            (
                doubled().context("no\n  → do this"),
                "no: documents.lock: this user is not allowed to\n  → do this".to_owned(),
            ),
            (
                denied().into(),
                format!("standard output cannot be written: this user is not allowed to{of_user}"),
            ),
            (UsageError("two\n  → lines".to_owned()).into(), "two\n  → lines".to_owned()),
        ];
        for (error, expected) in cases {
            assert_eq!(text_of(&error), expected);
        }
        let named = Err::<(), _>(denied()).context("a.json cannot be read").unwrap_err();
        let expected = format!("a.json cannot be read: this user is not allowed to{of_user}");
        assert_eq!(text_of(&named), expected);
    }
}
