//! What all users of a store share: one client with its connections, and what is known of it.

use std::{
    fs::File,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bson::{RawDocumentBuf, serialize_to_raw_document_buf};
use mongodb::{
    Client, Collection,
    error::{Error, ErrorKind as Driver},
    options::{Acknowledgment, ClientOptions, ConnectionString, SelectionCriteria, Tls},
};
use tokio::{runtime::Handle, sync::OnceCell, time::timeout};

use super::{MongoOptions, failure, feed::Feeds, lease::Leases, uri, watch::Watch};
use crate::{DataError, ErrorKind, Namespace};

/// See the top of the file.
pub(super) struct Shared {
    uri: ConnectionString,
    hosts: String,
    options: MongoOptions,
    /// Made when it is first needed: where the hosts of a URI are found in DNS, that takes a while.
    client: OnceCell<Client>,
    watch: Arc<Watch>,
    /// Where the driver works.
    pub(super) runtime: Handle,
    /// Sessions that are not in use.
    pub(super) leases: Leases,
    /// Collections that somebody watches.
    pub(super) feeds: Feeds,
    /// Which servers answer reads.
    pub(super) read_criteria: Option<SelectionCriteria>,
    /// What a read must have seen.
    pub(super) read_concern: Option<String>,
    /// When a write counts as done.
    pub(super) write_concern: Option<RawDocumentBuf>,
    /// Whether reads are tried twice.
    pub(super) retry_reads: bool,
    retry_writes: AtomicBool,
}

impl Shared {
    /// Looks at everything that can be known without a network.
    pub(super) fn new(uri: &str, mut options: MongoOptions) -> Result<Self, DataError> {
        let uri = uri::parse(uri)?;
        check_files(&uri)?;
        options.server_selection_time =
            uri.server_selection_timeout.unwrap_or(options.server_selection_time);
        options.connect_time = uri.connect_timeout.unwrap_or(options.connect_time);
        let preference = uri.read_preference.clone().map(SelectionCriteria::ReadPreference);
        let write_concern = match &uri.write_concern {
            Some(concern) if concern.w == Some(Acknowledgment::Nodes(0)) => {
                let message = "the URI of MongoDB asks for w=0: writes of which nobody knows \
                               whether they happened are not supported";
                return Err(DataError::new(ErrorKind::Unsupported, message));
            }
            Some(concern) => Some(serialize_to_raw_document_buf(concern).map_err(|error| {
                DataError::new(ErrorKind::Internal, "a write concern is no BSON").caused_by(error)
            })?),
            None => None,
        };
        let runtime = Handle::try_current().map_err(|error| {
            DataError::new(ErrorKind::Internal, "a store needs a runtime").caused_by(error)
        })?;
        Ok(Self {
            hosts: uri::hosts(&uri),
            client: OnceCell::new(),
            watch: Arc::default(),
            runtime,
            leases: Leases::default(),
            feeds: Feeds::default(),
            read_criteria: options
                .read_preference
                .as_ref()
                .map(|one| one.criteria())
                .or(preference),
            read_concern: uri.read_concern.as_ref().map(level),
            write_concern,
            retry_reads: uri.retry_reads != Some(false),
            retry_writes: AtomicBool::new(uri.retry_writes != Some(false)),
            uri,
            options,
        })
    }

    /// The hosts that the URI names.
    pub(super) fn hosts(&self) -> &str {
        &self.hosts
    }

    /// The client. Making it connects to nothing.
    pub(super) async fn client(&self) -> Result<&Client, DataError> {
        self.client.get_or_try_init(|| self.make_client()).await
    }

    /// A collection, whose documents nobody decodes.
    pub(super) async fn collection(
        &self,
        namespace: &Namespace,
    ) -> Result<Collection<RawDocumentBuf>, DataError> {
        let client = self.client().await?;
        Ok(client.database(&namespace.database).collection(&namespace.collection))
    }

    /// Whether writes bear numbers by which a server knows one that it has done already.
    pub(super) fn retries_writes(&self) -> bool {
        self.retry_writes.load(Ordering::Relaxed)
    }

    /// Learns that the server refuses such numbers.
    pub(super) fn writes_bear_no_numbers(&self) {
        self.retry_writes.store(false, Ordering::Relaxed);
    }

    /// For how long a server may work on a command.
    pub(super) fn operation_time(&self) -> Duration {
        self.options.operation_time
    }

    /// The same, as it is told to the server.
    pub(super) fn milliseconds_max(&self) -> i64 {
        let time = self.options.operation_time.as_millis().clamp(1, i32::MAX as u128);
        i64::try_from(time).unwrap_or(i64::MAX)
    }

    /// Gives up on a server that hangs, which does not keep its own limits.
    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, DataError>>,
    ) -> Result<T, DataError> {
        let limit = self.options.server_selection_time + self.options.operation_time;
        timeout(limit, work).await.unwrap_or_else(|_| {
            let hosts = self.watch.silent().unwrap_or_else(|| self.hosts.clone());
            let message = format!("MongoDB did not answer within {}", seconds(limit));
            Err(DataError::new(ErrorKind::Unavailable, message).with_detail(hosts))
        })
    }

    /// The driver's error, with what is known about the servers.
    pub(super) fn explain(&self, error: Error) -> DataError {
        let is_selection = match error.kind.as_ref() {
            Driver::ServerSelection { .. } => true,
            // The driver says so of a server that it has not reached yet, too.
            Driver::Transaction { .. } => {
                failure::is_unsupported(&error) && !self.watch.has_answer()
            }
            _ => false,
        };
        if !is_selection {
            return failure::from_driver(error);
        }
        let time = seconds(self.options.server_selection_time);
        let hosts = self.watch.silent().unwrap_or_else(|| self.hosts.clone());
        let message = if self.watch.has_answer() {
            format!(
                "no MongoDB server could take the command within {time} (it takes a primary, or \
                 one that the read preference allows)"
            )
        } else {
            format!("no MongoDB server answered within {time}")
        };
        DataError::new(ErrorKind::Unavailable, message).with_detail(hosts)
    }

    async fn make_client(&self) -> Result<Client, DataError> {
        let time = self.options.server_selection_time;
        let parse = timeout(time, ClientOptions::parse(self.uri.clone())).await;
        let mut options = parse
            .map_err(|_| {
                let message = format!("DNS names no MongoDB server within {}", seconds(time));
                DataError::new(ErrorKind::Unavailable, message).with_detail(&self.hosts)
            })?
            .map_err(|error| failure::from_lookup(error, &self.hosts))?;
        options.app_name.get_or_insert_with(|| self.options.app_name.clone());
        options.max_pool_size.get_or_insert(self.options.pool_connections_max);
        options.server_selection_timeout = Some(time);
        options.connect_timeout = Some(self.options.connect_time);
        options.sdam_event_handler = Some(self.watch.handler());
        // Reads name theirs; transactions, which would inherit this one, need a primary.
        options.selection_criteria = None;
        Client::with_options(options).map_err(|error| self.explain(error))
    }
}

/// Files that the URI names, which would otherwise be missed with the first command.
fn check_files(uri: &ConnectionString) -> Result<(), DataError> {
    let Some(Tls::Enabled(tls)) = &uri.tls else { return Ok(()) };
    for path in [&tls.ca_file_path, &tls.cert_key_file_path].into_iter().flatten() {
        File::open(path).map_err(|error| {
            let message = format!("the URI of MongoDB names {}: {error}", path.display());
            DataError::new(ErrorKind::Refused, message)
        })?;
    }
    Ok(())
}

fn level(concern: &mongodb::options::ReadConcern) -> String {
    let bson = bson::serialize_to_bson(&concern.level).ok();
    bson.and_then(|bson| bson.as_str().map(str::to_owned)).unwrap_or_default()
}

fn seconds(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{} s", time.as_secs()),
        _ => format!("{} ms", time.as_millis()),
    }
}
