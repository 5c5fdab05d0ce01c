//! The store of those who have a MongoDB server, over MongoDB's own driver.
//!
//! Documents pass through as they are: nothing here decodes one, but for `findAndModify`, whose
//! query and update the driver wants that way. Commands go out as raw BSON, too, which leaves us to
//! say which of them may be repeated when a connection breaks; see [`lease`] and [`run`].

mod changes;
mod cursor;
mod failure;
mod feed;
mod lease;
mod modify;
mod options;
mod reads;
mod run;
mod session;
mod shared;
mod task;
mod uri;
mod watch;
mod writes;

use std::{fmt, sync::Arc};

pub use options::{MongoOptions, ReadPreference};

use crate::{
    Answer, Changes, Command, DataError, ErrorKind, Future, Namespace, Session, Store, Target,
    Watch,
};
use cursor::LeasedCursor;
use lease::Lease;
use run::{Outcome, Place};
use session::MongoSession;
use shared::Shared;

/// Documents in a MongoDB deployment.
#[derive(Clone)]
pub struct MongoStore {
    shared: Arc<Shared>,
}

impl MongoStore {
    /// A store at a URI, `mongodb://` or `mongodb+srv://`. Nothing is contacted yet; what is wrong
    /// with the URI itself is told at once.
    ///
    /// The runtime of tokio in which this is called does all that has to do with the network, for
    /// commands from wherever they come. It should be one that nothing holds up, and a single
    /// thread of it costs least.
    ///
    /// # Errors
    /// The URI is invalid, or an option that it does not allow.
    pub fn connect(uri: &str, options: MongoOptions) -> Result<Self, DataError> {
        Ok(Self { shared: Arc::new(Shared::new(uri, options)?) })
    }

    /// The hosts that the URI names, for people.
    pub fn hosts(&self) -> &str {
        self.shared.hosts()
    }
}

impl Target for MongoStore {
    fn run(&self, namespace: Namespace, command: Command) -> Future<'static, Answer> {
        let shared = Arc::clone(&self.shared);
        task::start(&self.shared.runtime, async move {
            let (answer, _) = run_alone(&shared, None, namespace, command).await?;
            Ok(answer)
        })
    }
}

impl Store for MongoStore {
    fn database_names(&self) -> Future<'static, Vec<String>> {
        let shared = Arc::clone(&self.shared);
        task::start(&self.shared.runtime, async move {
            let names = async {
                let names = shared.client().await?.list_database_names().await;
                names.map_err(|error| shared.explain(error))
            };
            shared.in_time(names).await
        })
    }

    fn collection_names(&self, database: String) -> Future<'static, Vec<String>> {
        let shared = Arc::clone(&self.shared);
        task::start(&self.shared.runtime, async move {
            let names = async {
                let database = shared.client().await?.database(&database);
                database.list_collection_names().await.map_err(|error| shared.explain(error))
            };
            shared.in_time(names).await
        })
    }

    fn watch(&self, namespace: Namespace, watch: Watch) -> Future<'static, Box<dyn Changes>> {
        let shared = Arc::clone(&self.shared);
        task::start(&self.shared.runtime, async move {
            shared.in_time(changes::open(&shared, namespace, watch)).await
        })
    }

    fn start_session(&self) -> Arc<dyn Session> {
        Arc::new(MongoSession::new(Arc::clone(&self.shared)))
    }
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore").field("hosts", &self.shared.hosts()).finish_non_exhaustive()
    }
}

/// Runs a command outside of transactions, and tells how far the data had come.
async fn run_alone(
    shared: &Arc<Shared>,
    after: Option<bson::Timestamp>,
    namespace: Namespace,
    command: Command,
) -> Result<(Answer, Option<bson::Timestamp>), DataError> {
    let work = async {
        let mut lease = Lease::take(shared).await?;
        lease.is_busy = true;
        let place = Place::Lease { lease: &mut lease, after };
        let outcome = run::run(shared, place, namespace, command).await;
        // Unless nobody knows what the server is doing.
        lease.is_busy = matches!(&outcome, Err(error) if error.kind == ErrorKind::Unavailable);
        Ok((outcome?, lease))
    };
    let (outcome, lease) = shared.in_time(work).await?;
    let time = lease.operation_time();
    Ok(match outcome {
        Outcome::Answer(answer) => (answer, time),
        Outcome::Cursor(batch, cursor) => {
            let cursor = LeasedCursor::new(Arc::clone(shared), cursor, lease);
            (Answer::Cursor(batch, Some(Box::new(cursor))), time)
        }
    })
}
