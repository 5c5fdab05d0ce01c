//! What the program tells the shell.

use std::{
    env,
    ffi::OsString,
    io::{self, ErrorKind},
    process::ExitCode,
};

use clap::error::{ContextKind, ContextValue, ErrorKind as UsageKind};

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
    terminal::error(&format!("{error:#}"));
    if error.is::<SettingErrors>() || error.is::<UsageError>() {
        return Exit::Usage;
    }
    Exit::Failure
}

/// Tells that the command line is wrong, or the help that was asked for.
pub(crate) fn of_usage(error: &clap::Error) -> Exit {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let tip = tip_for_listen(error, &arguments);
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
