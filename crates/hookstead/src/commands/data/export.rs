//! `hookstead data export`: the documents of a collection.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use bson::RawDocumentBuf;
use clap::ValueEnum;
use hookstead_data::{
    DataError, ErrorKind, Namespace, Store,
    transfer::{self, DocumentError, Export, ExportFormat, Resumed, TransferError},
};

use super::{
    place::{Home, documents, namespace},
    progress,
};
use crate::{
    exit::{Exit, REMEDY, UsageError},
    settings::nearest,
    terminal,
};

/// Take the documents of a collection out, in the order of their _id
///
/// Writes extended JSON, one document a line, which mongoimport and `hookstead data import` read.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Collection, with its database, such as shop.orders
    #[arg(value_name = "DATABASE.COLLECTION", value_parser = namespace)]
    collection: Namespace,

    /// File to write, which must not be there yet [default: standard output]
    file: Option<PathBuf>,

    /// Only documents that match this query, in extended JSON
    #[arg(long, value_name = "JSON")]
    query: Option<String>,

    /// How types are written
    #[arg(long, value_enum, default_value_t = Format::Canonical)]
    format: Format,

    /// Go on with a file that an interrupted export has left, behind its last document
    #[arg(long, requires = "file")]
    resume: bool,

    #[command(flatten)]
    home: Home,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Every type exactly
    Canonical,
    /// Numbers and dates for people; whether an integer had 32 or 64 bits is lost
    Relaxed,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let filter = args.query.as_deref().map(query).transpose()?.unwrap_or_default();
    let place = args.home.open()?;
    if let Some(missing) = place.runtime.block_on(missing(&*place.store, &args.collection)) {
        terminal::error(&missing);
        return Ok(Exit::Failure);
    }
    let bar = progress::over_documents();
    let mut export = Export {
        target: &*place.store,
        name: args.collection.clone(),
        filter,
        format: match args.format {
            Format::Canonical => ExportFormat::Canonical,
            Format::Relaxed => ExportFormat::Relaxed,
        },
        after: None,
        progress: &mut |written| bar.set_position(written),
    };
    if args.query.is_some() {
        place.runtime.block_on(export.check_query()).map_err(explain_query)?;
    }
    let (mut out, resumed) = open(args)?;
    export.after = resumed.after;
    let outcome = place.runtime.block_on(async {
        if !bar.is_hidden() {
            bar.set_length(export.count().await?);
        }
        export.run(out.writer()).await
    });
    bar.finish_and_clear();
    let outcome = outcome.and_then(|written| out.finish().map(|()| written));
    let written = outcome.map_err(|error| explain(args, error))?;
    tell(args, written, resumed.lines, &place.name);
    Ok(Exit::Success)
}

/// Says that there is no such collection, and which one may be meant. A deployment that does not
/// list its collections for this user may have it all the same.
async fn missing(store: &dyn Store, wanted: &Namespace) -> Option<String> {
    let Namespace { database, collection } = wanted;
    let names = store.collection_names(database.clone()).await.ok()?;
    if names.contains(collection) {
        return None;
    }
    let mut near = nearest(collection, names.iter().map(String::as_str))
        .map(|collection| format!("{database}.{collection}"));
    if names.is_empty() {
        let databases = store.database_names().await.unwrap_or_default();
        near = nearest(database, databases.iter().map(String::as_str))
            .map(|database| format!("{database}.{collection}"));
    }
    let hint = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    let list = "`hookstead data list` tells which collections there are";
    Some(format!("there is no collection {database}.{collection}{REMEDY}{hint}{list}"))
}

/// What the documents are written to.
enum Out {
    Stdout(BufWriter<io::Stdout>),
    File(BufWriter<File>),
}

impl Out {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(out) => out,
            Self::File(out) => out,
        }
    }

    /// What a file holds is then on the disk.
    fn finish(self) -> Result<(), TransferError> {
        match self {
            Self::Stdout(_) => Ok(()),
            Self::File(out) => out.get_ref().sync_all().map_err(TransferError::Write),
        }
    }
}

fn open(args: &Args) -> anyhow::Result<(Out, Resumed)> {
    let path = args.file.as_deref().filter(|path| path.as_os_str() != "-");
    let Some(path) = path else {
        return Ok((Out::Stdout(BufWriter::new(io::stdout())), Resumed::default()));
    };
    let context = || format!("{} cannot be written", path.display());
    if args.resume {
        let options =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = options.with_context(context)?;
        let resumed = transfer::resume(&mut file).map_err(|error| {
            let is_export = !matches!(error, TransferError::NotExported { .. });
            let context = match path.display() {
                path if is_export => format!("{path} cannot be gone on with"),
                path => format!(
                    "{path} was not written by an export{REMEDY}name another file, or remove this \
                     one and export again without --resume"
                ),
            };
            anyhow::Error::new(error).context(context)
        })?;
        return Ok((Out::File(BufWriter::new(file)), resumed));
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => Ok((Out::File(BufWriter::new(file)), Resumed::default())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(is_there(args, path).into())
        }
        Err(error) => Err(error).with_context(context),
    }
}

fn is_there(args: &Args, path: &Path) -> UsageError {
    let Namespace { database, collection } = &args.collection;
    UsageError(format!(
        "{} exists already{REMEDY}name another file; only if an interrupted export of \
         {database}.{collection} wrote this one, add --resume",
        path.display()
    ))
}

fn tell(args: &Args, written: u64, before: u64, place: &str) {
    let Namespace { database, collection } = &args.collection;
    let mut text = format!("exported {} of {database}.{collection} ({place})", documents(written));
    if args.resume {
        let verb = if before == 1 { "was" } else { "were" };
        text.push_str(&format!("; {} {verb} there already", documents(before)));
    }
    terminal::note(&text);
}

fn explain(args: &Args, error: TransferError) -> anyhow::Error {
    let error = anyhow::Error::new(error);
    match &args.file {
        Some(path) => error.context(format!(
            "{} is not complete{REMEDY}give the same command with --resume to go on",
            path.display()
        )),
        None => error.context("standard output: the export is not complete"),
    }
}

fn query(text: &str) -> Result<RawDocumentBuf, UsageError> {
    transfer::document_of_json(text.as_bytes()).map_err(|error| {
        let remedy = error.remedy().map(|remedy| format!("{REMEDY}{remedy}")).unwrap_or_default();
        UsageError(match &error {
            DocumentError::Syntax { why, .. } => format!("--query is not JSON: {why}"),
            DocumentError::Shape => {
                "--query must be a JSON object such as {\"name\": \"Ada\"}".to_owned()
            }
            DocumentError::Value { .. } => format!("--query: {error}{remedy}"),
        })
    })
}

/// Names the flag where the store does not understand the query.
fn explain_query(error: DataError) -> anyhow::Error {
    if !matches!(error.kind, ErrorKind::Refused | ErrorKind::Unsupported) {
        return anyhow::Error::new(error).context("the documents cannot be read");
    }
    let text = error.message.split_once("operator: ");
    let why = match text.filter(|(start, _)| start.starts_with("unknown")) {
        Some((_, name)) => {
            let name = name.split(['.', ' ']).next().unwrap_or_default();
            format!("there is no operator {name}")
        }
        None => error.message,
    };
    UsageError(format!("--query: {why}{REMEDY}correct the query and run the command again")).into()
}
