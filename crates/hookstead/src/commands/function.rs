//! `hookstead function run`: one function, called with arguments or with a request.

mod request;

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::Subcommand;
use hookstead_app::App;
use hookstead_functions::{Call, Completion, FailureKind, Invocation, LogLevel, LogLine, User};
use hookstead_journal::sanitize_json;
use serde_json::Value as Json;
use tokio::runtime::Runtime;

use self::request::RequestFlags;
use crate::{
    exit::{Exit, REMEDY},
    prepare::Prepared,
    settings::{Settings, nearest},
    terminal::{self, DIM, RED, YELLOW, clean, paint},
    workspace::{AppFlags, folder_of_app},
};

/// More functions of an app are not listed for a name that is none of them.
const NAMES_TOLD_MAX: usize = 30;

/// Call the functions of an app without a server
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(RunArgs),
}

/// Call one function as the system user; print its result, and its log lines to standard error
///
/// A function of an endpoint or a webhook wants a request: --request 'GET /hello?name=Ada' calls
/// it as the server does, and prints the body of the response; its status and its headers go to
/// standard error. Signatures and secrets are not asked for.
///
/// Examples:
///   hookstead function run utils/add 1 2
///   hookstead function run hello --request 'GET /hello?name=Ada'
///   hookstead function run shop/signed --request 'POST /' --data '{"message":"MESSAGE"}'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RunArgs {
    /// Name of the function, such as hello or utils/add, or service/webhook
    name: String,

    /// Arguments, each as extended JSON; what is no JSON is a text; behind -- also those that
    /// begin with a hyphen
    #[arg(allow_negative_numbers = true)]
    arguments: Vec<String>,

    #[command(flatten)]
    request: RequestFlags,

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
    let request = args.request.read()?;
    let workspace = args.flags.open(&args.app, Vec::new())?;
    let runtime = Runtime::new().context("the threads cannot be started")?;
    let _entered = runtime.enter();
    let prepared = workspace.prepare_to_run()?;
    let Some(entry) = prepared.site.entry_of(&args.name) else {
        terminal::error(&unknown(&args.name, &prepared.app));
        return Ok(Exit::Failure);
    };
    match request {
        Some(request) => {
            let trial = request::run(&args.name, request, &prepared, &workspace.settings);
            runtime.block_on(trial)
        }
        None => runtime.block_on(run_with_arguments(args, entry, &prepared, &workspace.settings)),
    }
}

async fn run_with_arguments(
    args: &RunArgs,
    entry: String,
    prepared: &Prepared,
    settings: &Settings,
) -> anyhow::Result<Exit> {
    let invocation = Invocation {
        entry,
        call: Call::Arguments(array(&args.arguments)),
        user: User::System,
        running_as_system: true,
        request: None,
    };
    let completion = prepared.site.functions().invoke(invocation).await;
    let needs_request = args.arguments.is_empty() && is_called_by_requests(args, &prepared.app);
    tell(completion, needs_request, settings)
}

/// Says that there is no such function, which one may be meant, and which there are.
fn unknown(name: &str, app: &App) -> String {
    let webhooks = app.services.values().flat_map(|service| {
        service.webhooks.keys().map(move |webhook| format!("{}/{webhook}", service.name))
    });
    let names: Vec<String> = app.functions.keys().cloned().chain(webhooks).collect();
    let mut text = format!("the app has no function and no webhook {name:?}");
    if let Some(near) = nearest(name, names.iter().map(String::as_str)) {
        text.push_str(&format!("{REMEDY}did you mean {near}?"));
    }
    let shown: Vec<&str> = names.iter().take(NAMES_TOLD_MAX).map(String::as_str).collect();
    let list = match names.len() - shown.len() {
        0 if shown.is_empty() => "it has none at all".to_owned(),
        0 => format!("it has {}", shown.join(", ")),
        more => format!("it has {} and {more} more", shown.join(", ")),
    };
    text.push_str(&format!("{REMEDY}{list}"));
    text
}

/// Whether an endpoint or a webhook calls the function, which then wants a request.
fn is_called_by_requests(args: &RunArgs, app: &App) -> bool {
    !app.functions.contains_key(&args.name)
        || app.endpoints.iter().any(|endpoint| endpoint.function_name == args.name)
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

fn tell(completion: Completion, needs_request: bool, settings: &Settings) -> anyhow::Result<Exit> {
    tell_log(&completion.log);
    match completion.outcome {
        Ok(reply) => {
            if let Some(result) = reply.result {
                writeln!(io::stdout(), "{}", sanitize_json(&result))?;
            }
            Ok(Exit::Success)
        }
        Err(failure) => {
            terminal::error(&match failure.kind {
                // Nothing else runs here that a run would have to wait for.
                FailureKind::TooManyRequests => no_memory(settings),
                _ if failure.message.is_empty() => {
                    "the function threw an Error without a message".to_owned()
                }
                _ => failure.message,
            });
            failure.stack.iter().for_each(|stack| terminal::note(stack));
            if needs_request && failure.kind == FailureKind::FunctionExecutionError {
                terminal::note(
                    "it was called without arguments: --request 'GET /' calls it with a request",
                );
            }
            Ok(Exit::Failure)
        }
    }
}

fn no_memory(settings: &Settings) -> String {
    let limit = match settings.limits.memory_mib {
        0 => String::new(),
        mebibytes => format!(": [limits] memory_mib is {mebibytes}"),
    };
    format!("there is not enough memory to run a function{limit}{REMEDY}raise memory_mib")
}

/// What a function wrote to its console. A standard error that is full is no fault of the function.
fn tell_log(log: &[LogLine]) {
    let mut err = anstream::stderr().lock();
    for line in log {
        let (style, level) = match line.level {
            LogLevel::Debug => (DIM, "debug"),
            LogLevel::Info => (DIM, "info"),
            LogLevel::Log => (DIM, "log"),
            LogLevel::Warn => (YELLOW, "warn"),
            LogLevel::Error => (RED, "error"),
        };
        for text in line.text.lines() {
            let _ = writeln!(err, "{} {}", paint(style, &format!("{level:>5}")), clean(text));
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
