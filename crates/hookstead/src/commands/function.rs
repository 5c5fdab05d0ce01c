//! `hookstead function run`: one function, called without a request.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::Subcommand;
use hookstead_functions::{Call, Completion, FailureKind, Invocation, LogLevel, User};
use hookstead_journal::sanitize_json;
use serde_json::Value as Json;
use tokio::runtime::Runtime;

use crate::{
    exit::Exit,
    settings::nearest,
    terminal::{self, DIM, RED, YELLOW, clean, paint},
    workspace::{AppFlags, folder_of_app},
};

/// Call the functions of an app without a request
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(RunArgs),
}

/// Call one function as the system user; print its result, and its log lines to standard error
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// Name of the function, such as hello or utils/add
    name: String,

    /// Arguments, each as extended JSON; what is no JSON is a text
    #[arg(allow_hyphen_values = true)]
    arguments: Vec<String>,

    /// Folder of the app
    #[arg(long, value_name = "DIR", env = "HOOKSTEAD_APP_DIR", default_value = ".",
          value_parser = folder_of_app())]
    app: PathBuf,

    #[command(flatten)]
    flags: AppFlags,
}

/// Runs one of the commands.
pub(crate) fn run(command: &Command) -> anyhow::Result<Exit> {
    match command {
        Command::Run(args) => run_function(args),
    }
}

fn run_function(args: &RunArgs) -> anyhow::Result<Exit> {
    let workspace = args.flags.open(&args.app, Vec::new())?;
    let runtime = Runtime::new().context("the threads cannot be started")?;
    let _entered = runtime.enter();
    let prepared = workspace.prepare_to_run()?;
    let invocation = Invocation {
        entry: args.name.clone(),
        call: Call::Arguments(array(&args.arguments)),
        user: User::System,
        running_as_system: true,
        request: None,
    };
    let completion = runtime.block_on(prepared.site.functions().invoke(invocation));
    let names = prepared.app.functions.keys().map(String::as_str);
    tell(completion, &args.name, names)
}

/// The arguments as one array of extended JSON.
fn array(arguments: &[String]) -> String {
    let argument = |text: &String| {
        // Files that are handed over may begin with a byte order mark.
        let json = text.strip_prefix('\u{feff}').unwrap_or(text);
        match serde_json::from_str::<&serde_json::value::RawValue>(json) {
            Ok(json) => json.get().to_owned(),
            Err(_) => Json::String(text.clone()).to_string(),
        }
    };
    format!("[{}]", arguments.iter().map(argument).collect::<Vec<_>>().join(","))
}

fn tell<'a>(
    completion: Completion,
    name: &str,
    names: impl Iterator<Item = &'a str>,
) -> anyhow::Result<Exit> {
    let mut err = anstream::stderr().lock();
    for line in &completion.log {
        let (style, level) = match line.level {
            LogLevel::Debug => (DIM, "debug"),
            LogLevel::Info => (DIM, "info"),
            LogLevel::Log => (DIM, "log"),
            LogLevel::Warn => (YELLOW, "warn"),
            LogLevel::Error => (RED, "error"),
        };
        for text in line.text.lines() {
            writeln!(err, "{} {}", paint(style, &format!("{level:>5}")), clean(text))?;
        }
    }
    drop(err);
    match completion.outcome {
        Ok(reply) => {
            if let Some(result) = reply.result {
                writeln!(io::stdout(), "{}", sanitize_json(&result))?;
            }
            Ok(Exit::Success)
        }
        Err(failure) => {
            terminal::error(&failure.message);
            failure.stack.iter().for_each(|stack| terminal::note(stack));
            if failure.kind == FailureKind::FunctionNotFound
                && let Some(other) = nearest(name, names)
            {
                terminal::note(&format!("did you mean {other}?"));
            }
            Ok(Exit::Failure)
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn arguments_are_json_where_they_are_json() {
        let arguments = ["12345", r#"{"a": 1.0}"#, "Ada", "\"x\"", "1 2", ""];
        let arguments = arguments.map(str::to_owned);
        assert_eq!(super::array(&arguments), r#"[12345,{"a": 1.0},"Ada","x","1 2",""]"#);
    }
}
