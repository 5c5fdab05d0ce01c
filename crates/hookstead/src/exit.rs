//! What the program tells the shell.

use std::{
    env,
    ffi::OsString,
    io::{self, ErrorKind},
    process::ExitCode,
};

use crate::{settings::SettingErrors, terminal};

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
    if error.use_stderr() && wants_json(&arguments, |name| env::var_os(name)) {
        terminal::belongs_to_log();
        terminal::log_is_json();
        terminal::error(error.render().to_string().trim());
    } else {
        let _ = error.print();
    }
    if error.use_stderr() { Exit::Usage } else { Exit::Success }
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
