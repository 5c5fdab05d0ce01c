//! A directory of users over a real store, a clock that tests move, and functions of an app.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bson::{Bson, Document, RawDocumentBuf};
use hookstead_data::{
    Answer, Command, EmbeddedFile, EmbeddedOptions, Find, InsertMany, Modification, MongoOptions,
    MongoStore, Namespace, Store, Update, UpdateSpec,
};
use hookstead_identity::{
    AppFunctions, AuthError, AuthErrorKind, Credentials, Directory, DirectoryOptions,
    EmailPassword, ExtendedJson, FunctionFailure, FunctionFailureKind, Future, Providers,
    SigningKeys, Users, UsersConfig,
};
use hookstead_testing::SecantusDb;
use tempfile::TempDir;

pub(crate) const DOMAIN: &str = "5eea8667bcb4c810b651fb59";
pub(crate) const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
pub(crate) const KEY: &str = "an example key of more than 32 bytes";

/// Where users are kept, and what surrounds them.
pub(crate) struct Stage {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) database: String,
    pub(crate) functions: Arc<Functions>,
    /// How many seconds the clock is ahead.
    ahead_s: Arc<AtomicU64>,
    _folder: Option<TempDir>,
}

impl Stage {
    pub(crate) fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = EmbeddedFile::open(folder.path(), EmbeddedOptions::default()).unwrap();
        Self::over(Arc::new(file.data_source("hookstead")), "hookstead", Some(folder))
    }

    pub(crate) fn mongodb(server: &SecantusDb, database: &str) -> Self {
        let options =
            MongoOptions { operation_time: Duration::from_secs(600), ..MongoOptions::default() };
        let store = MongoStore::connect(&server.uri(), options).unwrap();
        Self::over(Arc::new(store), database, None)
    }

    fn over(store: Arc<dyn Store>, database: &str, folder: Option<TempDir>) -> Self {
        Self {
            store,
            database: database.to_owned(),
            functions: Arc::default(),
            ahead_s: Arc::default(),
            _folder: folder,
        }
    }

    pub(crate) fn directory(&self) -> Directory {
        let options = DirectoryOptions { database: self.database.clone() };
        let ahead_s = Arc::clone(&self.ahead_s);
        let clock = move || SystemTime::now() + Duration::from_secs(ahead_s.load(Ordering::SeqCst));
        Directory::new(Arc::clone(&self.store), options)
            .with_keys(SigningKeys::from_text(KEY).unwrap())
            .with_clock(Arc::new(clock))
    }

    /// The users of an app, as one copy of the program sees them.
    pub(crate) fn users(&self) -> Users {
        self.users_with(|_| ())
    }

    pub(crate) fn users_with(&self, change: impl FnOnce(&mut UsersConfig)) -> Users {
        self.users_in(self.directory(), change)
    }

    pub(crate) fn users_in(
        &self,
        directory: Directory,
        change: impl FnOnce(&mut UsersConfig),
    ) -> Users {
        let mut config = config();
        change(&mut config);
        let functions = Arc::clone(&self.functions) as Arc<dyn AppFunctions>;
        Users::new(config, Arc::new(directory), functions)
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.ahead_s.fetch_add(time.as_secs(), Ordering::SeqCst);
    }

    fn namespace(&self, collection: &str) -> Namespace {
        Namespace { database: self.database.clone(), collection: collection.to_owned() }
    }

    /// Puts documents into a collection, as a crash or another program may have left them.
    pub(crate) async fn insert(&self, collection: &str, document: Document) {
        let documents = vec![raw(&document)];
        let insert = Command::InsertMany(InsertMany { documents, ordered: true });
        self.store.run(self.namespace(collection), insert).await.unwrap();
    }

    pub(crate) async fn update(&self, collection: &str, filter: Document, update: Document) {
        let modification = Modification::Update(UpdateSpec::Operators(raw(&update), Vec::new()));
        let update = Update { filter: raw(&filter), modification, many: true, upsert: false };
        self.store.run(self.namespace(collection), Command::Update(update)).await.unwrap();
    }

    pub(crate) async fn delete(&self, collection: &str, filter: Document) {
        let delete = hookstead_data::Delete { filter: raw(&filter), many: true };
        self.store.run(self.namespace(collection), Command::Delete(delete)).await.unwrap();
    }

    pub(crate) async fn documents(&self, collection: &str) -> Vec<Document> {
        let find = Command::Find(Find::default());
        let answer = self.store.run(self.namespace(collection), find).await.unwrap();
        let Answer::Cursor(batch, cursor) = answer else { panic!("no cursor") };
        let mut documents: Vec<Document> =
            batch.iter().map(|document| Document::try_from(document).unwrap()).collect();
        if let Some(mut cursor) = cursor {
            loop {
                let batch = cursor.next_batch().await.unwrap();
                if batch.is_empty() {
                    break;
                }
                documents
                    .extend(batch.iter().map(|document| Document::try_from(document).unwrap()));
            }
        }
        documents
    }
}

fn raw(document: &Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).unwrap()
}

pub(crate) fn config() -> UsersConfig {
    let email_password = EmailPassword { auto_confirm: true, ..EmailPassword::default() };
    UsersConfig {
        client_app_id: "shop-abcde".to_owned(),
        domain_id: DOMAIN.to_owned(),
        providers: Providers {
            anonymous: true,
            email_password: Some(email_password),
            api_key: true,
            custom_token: None,
            custom_function: Some("authenticate".to_owned()),
            oauth: Default::default(),
        },
        custom_user_data: None,
        on_user_creation: None,
        access_token_time: Duration::from_mins(30),
        refresh_token_time: Duration::from_hours(60 * 24),
        revocation_delay: Duration::from_hours(1),
    }
}

/// Changes the settings of email and password.
pub(crate) fn email_password(config: &mut UsersConfig) -> &mut EmailPassword {
    config.providers.email_password.as_mut().unwrap()
}

pub(crate) fn email(email: &str, password: &str) -> Credentials {
    Credentials::EmailPassword { email: email.to_owned(), password: password.to_owned() }
}

/// What went wrong, for comparison.
pub(crate) fn refusal<T>(result: Result<T, AuthError>) -> Option<(AuthErrorKind, String)> {
    result.err().map(|error| (error.kind, error.message))
}

pub(crate) fn refused(kind: AuthErrorKind, message: &str) -> Option<(AuthErrorKind, String)> {
    Some((kind, message.to_owned()))
}

type Function = dyn Fn(Vec<Bson>) -> Result<Bson, FunctionFailure> + Send + Sync;

/// The functions of an app, and with what they were called.
#[derive(Default)]
pub(crate) struct Functions {
    functions: Mutex<HashMap<String, Arc<Function>>>,
    pub(crate) calls: Mutex<Vec<(String, Vec<Bson>)>>,
}

impl Functions {
    pub(crate) fn set(
        &self,
        name: &str,
        function: impl Fn(Vec<Bson>) -> Result<Bson, String> + Send + Sync + 'static,
    ) {
        let kind = FunctionFailureKind::Thrown;
        self.set_failing(name, move |arguments| {
            function(arguments).map_err(|message| FunctionFailure { kind, message })
        });
    }

    /// A function that may fail in other ways than by throwing.
    pub(crate) fn set_failing(
        &self,
        name: &str,
        function: impl Fn(Vec<Bson>) -> Result<Bson, FunctionFailure> + Send + Sync + 'static,
    ) {
        self.functions.lock().unwrap().insert(name.to_owned(), Arc::new(function));
    }

    /// A function that returns `{ status }`.
    pub(crate) fn set_status(&self, name: &str, status: &'static str) {
        self.set(name, move |_| Ok(bson::bson!({ "status": status })));
    }
}

impl AppFunctions for Functions {
    fn call(
        &self,
        name: &str,
        arguments: ExtendedJson,
    ) -> Future<'_, Result<Option<Bson>, FunctionFailure>> {
        let function = self.functions.lock().unwrap().get(name).cloned();
        let arguments: serde_json::Value = serde_json::from_str(arguments.text()).unwrap();
        let Ok(Bson::Array(arguments)) = Bson::try_from(arguments) else { panic!("an array") };
        self.calls.lock().unwrap().push((name.to_owned(), arguments.clone()));
        let result = match function {
            Some(function) => function(arguments),
            None => Err(FunctionFailure {
                kind: FunctionFailureKind::Thrown,
                message: format!("there is no function {name}"),
            }),
        };
        Box::pin(async move {
            tokio::task::yield_now().await;
            result.map(Some)
        })
    }
}

/// Makes each behaviour a test over the embedded store, and all of them one over a server.
macro_rules! on_both_stores {
    ($($behaviour:ident),* $(,)?) => {
        mod embedded {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    super::$behaviour(crate::stage::Stage::embedded()).await;
                }
            )*
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn the_same_on_a_mongodb_server() {
            let server = hookstead_testing::SecantusDb::start();
            $({
                eprintln!("{}", stringify!($behaviour));
                let database = stringify!($behaviour).get(..38).unwrap_or(stringify!($behaviour));
                $behaviour(crate::stage::Stage::mongodb(&server, database)).await;
            })*
        }
    };
}

pub(crate) use on_both_stores;
