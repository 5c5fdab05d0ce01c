//! `hookstead secrets`: an export names its secrets and never holds them.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Subcommand;
use hookstead_app::{Secret, SecretStore, secrets::SecretOrigin};

use crate::{
    data_dir::keep_out_of_git,
    exit::{Exit, REMEDY, UsageError},
    input,
    settings::nearest,
    terminal::{self, DIM, YELLOW, paint},
    workspace::{PlaceFlags, Workspace, folder_of_app},
};

/// Bytes of a secret that we make: as many as the strongest signature is worth.
const GENERATED_BYTES: usize = 32;

/// Set, list, remove and generate the secrets that an app names
///
/// The secret NAME comes from the variable HOOKSTEAD_SECRET_NAME, from the file that
/// HOOKSTEAD_SECRET_NAME_FILE names, or from the store in the data folder, which these commands
/// keep.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Set(SetArgs),
    List(ListArgs),
    Remove(RemoveArgs),
    Generate(GenerateArgs),
}

/// Store a secret; its value comes from standard input, is asked for, or stands in a file
///
/// A value that is there already is replaced, and a warning says so.
#[derive(Debug, clap::Args)]
pub(crate) struct SetArgs {
    /// Name of the secret
    name: String,

    /// File that holds the value; one line break at its end does not count
    #[arg(long, value_name = "FILE")]
    value_file: Option<PathBuf>,

    #[command(flatten)]
    home: Home,
}

/// List the names of the secrets, never their values
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    home: Home,
}

/// Remove a secret from the store
#[derive(Debug, clap::Args)]
pub(crate) struct RemoveArgs {
    /// Name of the secret
    name: String,

    #[command(flatten)]
    home: Home,
}

/// Make a new random secret, store it and print it once
#[derive(Debug, clap::Args)]
pub(crate) struct GenerateArgs {
    /// Name of the secret
    name: String,

    /// Replace the secret if there is one of this name
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    home: Home,
}

#[derive(Debug, clap::Args)]
struct Home {
    /// Folder of the app
    #[arg(long, value_name = "DIR", env = "HOOKSTEAD_APP_DIR", default_value = ".",
          value_parser = folder_of_app())]
    app: PathBuf,

    #[command(flatten)]
    place: PlaceFlags,
}

/// Runs one of the commands.
pub(crate) fn run(command: &Command) -> anyhow::Result<Exit> {
    match command {
        Command::Set(args) => set(args),
        Command::List(args) => list(args),
        Command::Remove(args) => remove(args),
        Command::Generate(args) => generate(args),
    }
}

fn set(args: &SetArgs) -> anyhow::Result<Exit> {
    let workspace = args.home.open_for_writing()?;
    let mut store = workspace.secrets()?;
    let value = args.value()?;
    let is_there = store.holds(&args.name);
    workspace.create_data_dir()?;
    store.set(&args.name, value)?;
    let (name, place) = (&args.name, shown(&workspace));
    if is_there {
        // As --replace of `generate` asks for, but a value that is given is known elsewhere.
        terminal::warning(&format!(
            "replaced the secret {name} in {place}; callers that use the value before are refused \
             from now on"
        ));
    } else {
        terminal::note(&format!("stored the secret {name} in {place}"));
    }
    tell_what_hides(&store, &args.name)?;
    Ok(Exit::Success)
}

/// Names, where their values come from, and what the app still lacks; never a value.
fn list(args: &ListArgs) -> anyhow::Result<Exit> {
    let workspace = args.home.open()?;
    let store = workspace.secrets()?;
    let mut out = anstream::stdout().lock();
    let names = store.names()?;
    if names.is_empty() && !workspace.has_app() {
        workspace.require_app()?;
    }
    for (name, origin) in &names {
        writeln!(out, "{}  {}", terminal::clean(name), paint(DIM, &origin.to_string()))?;
    }
    // A folder without an app can have secrets all the same.
    let needs = workspace.load().map(|loaded| loaded.app.secret_names()).unwrap_or_default();
    if names.is_empty() && needs.is_empty() {
        terminal::note(&format!("there are no secrets in {}", shown(&workspace)));
    }
    for need in needs {
        if names.iter().any(|(name, _)| *name == need.name) {
            continue;
        }
        let files: Vec<&str> = need.used_in.iter().map(|place| place.file.as_str()).collect();
        let name = terminal::clean(&need.name);
        let place = format!("not set; needed by {}", terminal::clean(&files.join(", ")));
        writeln!(out, "{name}  {}", paint(YELLOW, &place))?;
    }
    Ok(Exit::Success)
}

fn remove(args: &RemoveArgs) -> anyhow::Result<Exit> {
    let workspace = args.home.open_for_writing()?;
    let mut store = workspace.secrets()?;
    if !store.remove(&args.name)? {
        terminal::error(&absent(&workspace, &store, &args.name)?);
        return Ok(Exit::Failure);
    }
    terminal::note(&format!("removed the secret {}", args.name));
    tell_what_hides(&store, &args.name)?;
    Ok(Exit::Success)
}

/// Says that a secret is not in the store, and which one may be meant.
fn absent(workspace: &Workspace, store: &SecretStore, name: &str) -> anyhow::Result<String> {
    let names = store.names()?;
    let stored = names.iter().filter(|(_, origin)| *origin == SecretOrigin::File);
    let stored: Vec<&str> = stored.map(|(name, _)| name.as_str()).collect();
    let elsewhere = names.iter().find(|(other, _)| other == name);
    let remedy = match (elsewhere, nearest(name, stored.iter().copied())) {
        (Some((_, origin)), _) => format!("its value comes from {origin}: remove it there"),
        (None, Some(near)) => format!("did you mean {near}?"),
        (None, None) if stored.is_empty() => "it holds no secrets at all".to_owned(),
        (None, None) => format!("it holds {}", stored.join(", ")),
    };
    Ok(format!("{} holds no secret {name:?}{REMEDY}{remedy}", shown(workspace)))
}

/// The value is printed, once: whoever calls the endpoint needs it.
fn generate(args: &GenerateArgs) -> anyhow::Result<Exit> {
    let workspace = args.home.open_for_writing()?;
    let mut store = workspace.secrets()?;
    if store.get(&args.name)?.is_some() && !args.replace {
        let message = format!(
            "there is a secret {:?} already, and callers may use it{REMEDY}add --replace to make \
             a new one all the same, or choose another name",
            args.name
        );
        return Err(UsageError(message).into());
    }
    let mut bytes = [0; GENERATED_BYTES];
    rand::fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    let value = URL_SAFE_NO_PAD.encode(bytes);
    workspace.create_data_dir()?;
    store.set(&args.name, Secret::new(value.clone()))?;
    writeln!(io::stdout(), "{value}").with_context(|| {
        format!(
            "standard output cannot be written; the secret {} is stored, and nobody has seen \
             it{REMEDY}make another one with --replace",
            args.name
        )
    })?;
    tell_what_hides(&store, &args.name)?;
    Ok(Exit::Success)
}

impl Home {
    fn open(&self) -> anyhow::Result<Workspace> {
        self.place.open(&self.app, Vec::new())
    }

    fn open_for_writing(&self) -> anyhow::Result<Workspace> {
        let workspace = self.open()?;
        workspace.require_app()?;
        keep_out_of_git(&workspace.data_dir);
        Ok(workspace)
    }
}

impl SetArgs {
    fn value(&self) -> anyhow::Result<Secret> {
        if let Some(path) = &self.value_file {
            return input::read_secret_file(path);
        }
        if io::stdin().is_terminal() {
            let value = rpassword::prompt_password(format!("value of {}: ", self.name))
                .context("cannot read the value from the terminal")?;
            return Ok(Secret::new(value));
        }
        input::read_secret(io::stdin().lock(), "standard input")
    }
}

/// A variable wins over the store: whoever changes the store should know.
fn tell_what_hides(store: &SecretStore, name: &str) -> anyhow::Result<()> {
    let names = store.names()?;
    let origin = names.iter().find(|(other, _)| other == name).map(|(_, origin)| origin);
    if let Some(origin) = origin.filter(|origin| **origin != SecretOrigin::File) {
        terminal::warning(&format!("{origin} gives {name} its value, whatever the store holds"));
    }
    Ok(())
}

fn shown(workspace: &Workspace) -> String {
    workspace.data_dir.display().to_string()
}
