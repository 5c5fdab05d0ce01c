//! `hookstead data import`: documents into a collection.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::ValueEnum;
use hookstead_data::{
    Namespace,
    transfer::{Import, ImportMode, Imported, Refused, TransferError},
};
use indicatif::{HumanCount, ProgressBar};

use super::{
    place::{Home, documents, namespace_to_write},
    progress,
};
use crate::{
    exit::{Exit, REMEDY},
    terminal,
};

/// Lines of documents that the store does not take; more are only counted.
const REFUSALS_TOLD_MAX: u64 = 20;

/// Bring documents into a collection
///
/// Reads extended JSON, one document a line, as mongoexport writes it, or one array of documents,
/// as Compass does. An import that was interrupted can be started again: documents whose _id is
/// there already are left as they are.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Collection, with its database, such as shop.orders
    #[arg(value_name = "DATABASE.COLLECTION",
          value_parser = namespace_to_write)]
    collection: Namespace,

    /// File of documents [default: standard input]
    file: Option<PathBuf>,

    /// What becomes of a document whose _id is there already
    #[arg(long, value_enum, default_value_t = Mode::Insert)]
    mode: Mode,

    #[command(flatten)]
    home: Home,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    /// The one that is there stays
    Insert,
    /// The new one takes its place
    Upsert,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let (text, total) = open(args)?;
    let place = args.home.open()?;
    let bar = total.map_or_else(progress::without_end, progress::over_bytes);
    let mut told = 0;
    let import = Import {
        target: &*place.store,
        name: args.collection.clone(),
        mode: match args.mode {
            Mode::Insert => ImportMode::Insert,
            Mode::Upsert => ImportMode::Upsert,
        },
        progress: &mut |done| advance(&bar, done),
        refused: &mut |refused| bar.suspend(|| tell_refused(args, &refused, &mut told)),
    };
    let outcome = place.runtime.block_on(import.run(text));
    bar.finish_and_clear();
    let done = outcome.map_err(|error| explain(args, error))?;
    tell(args, &done, &place.name);
    Ok(if done.refused == 0 { Exit::Success } else { Exit::Failure })
}

/// The text, and how many bytes it has, where that is known.
fn open(args: &Args) -> anyhow::Result<(Box<dyn Read>, Option<u64>)> {
    let path = args.file.as_ref().filter(|path| path.as_os_str() != "-");
    let Some(path) = path else {
        if io::stdin().is_terminal() {
            terminal::note("reading documents from the terminal; end with Ctrl-D");
        }
        return Ok((Box::new(io::stdin()), None));
    };
    let context = || format!("{} cannot be read", path.display());
    let file = File::open(path).with_context(context)?;
    let metadata = file.metadata().with_context(context)?;
    Ok((Box::new(file), metadata.is_file().then_some(metadata.len())))
}

fn advance(bar: &ProgressBar, done: &Imported) {
    bar.set_position(done.bytes);
    bar.set_message(documents(done.inserted + done.replaced + done.present));
}

fn tell_refused(args: &Args, refused: &Refused, told: &mut u64) {
    *told += 1;
    if *told <= REFUSALS_TOLD_MAX {
        let why = &refused.error;
        terminal::warning(&format!("{}:{}: {why}", shown(args), refused.line));
    }
}

fn tell(args: &Args, done: &Imported, place: &str) {
    let Namespace { database, collection } = &args.collection;
    let mut text = format!(
        "imported {} into {database}.{collection} ({place})",
        documents(done.inserted + done.replaced)
    );
    for (count, what) in [
        (done.replaced, "took the place of others"),
        (done.present, "left as they were, because their _id was there"),
        (done.refused, "not taken, see above"),
    ] {
        if count > 0 {
            text.push_str(&format!("; {} {what}", HumanCount(count)));
        }
    }
    terminal::note(&text);
    if done.without_id > 0 {
        let count = documents(done.without_id);
        terminal::warning(&format!(
            "{count} had no _id and got a new one: another import brings them once more"
        ));
    }
}

/// Names the file, and what to do.
fn explain(args: &Args, error: TransferError) -> anyhow::Error {
    let shown = shown(args);
    let TransferError::Text { line, why, remedy } = error else {
        return anyhow::Error::new(error).context(format!(
            "{shown} is not imported to its end{REMEDY}import again to go on: documents that are \
             there stay as they are"
        ));
    };
    let again = match line {
        1 => "correct the line and import again".to_owned(),
        _ => format!(
            "the documents before line {line} are imported; correct the line and import again: \
             documents that are there stay as they are"
        ),
    };
    // What says how to write a value goes with it; what asks for another file does not.
    let remedies = match remedy {
        Some(remedy) if line == 1 => remedy.to_owned(),
        Some(remedy) => format!("{remedy}{REMEDY}{again}"),
        None => again,
    };
    anyhow::anyhow!("{shown}:{line}: {why}{REMEDY}{remedies}")
}

fn shown(args: &Args) -> String {
    args.file
        .as_ref()
        .map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
}
