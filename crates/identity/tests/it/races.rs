//! What happens when a user changes while being read.

use std::{
    future::Future as _,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use hookstead_data::{Answer, Changes, Command, Future, Namespace, Session, Store, Target, Watch};
use hookstead_identity::{AuthErrorKind, Credentials, Directory, DirectoryOptions, Users};
use tokio::sync::oneshot;

use crate::stage::{FROM, Stage, config, email, email_password, refusal, refused};

/// A store that can be made to keep back what it has read.
struct SlowStore {
    store: Arc<dyn Store>,
    /// The next answer to a read is told to the one, and waits for the other.
    gate: Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>,
}

impl Target for SlowStore {
    fn run(&self, namespace: Namespace, command: Command) -> Future<'static, Answer> {
        let is_read = matches!(command, Command::Find(_));
        let gate = if is_read { self.gate.lock().unwrap().take() } else { None };
        let answer = self.store.run(namespace, command);
        Box::pin(async move {
            let answer = answer.await;
            if let Some((reached, release)) = gate {
                reached.send(()).unwrap();
                release.await.unwrap();
            }
            answer
        })
    }
}

impl Store for SlowStore {
    fn database_names(&self) -> Future<'static, Vec<String>> {
        self.store.database_names()
    }

    fn collection_names(&self, database: String) -> Future<'static, Vec<String>> {
        self.store.collection_names(database)
    }

    fn watch(&self, namespace: Namespace, watch: Watch) -> Future<'static, Box<dyn Changes>> {
        self.store.watch(namespace, watch)
    }

    fn start_session(&self) -> Arc<dyn Session> {
        self.store.start_session()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_is_disabled_while_being_read_is_refused() {
    let stage = Stage::embedded();
    let slow = Arc::new(SlowStore { store: Arc::clone(&stage.store), gate: Mutex::default() });
    let options = DirectoryOptions { database: stage.database.clone() };
    let directory = Directory::new(Arc::clone(&slow) as Arc<dyn Store>, options);
    let users = Users::new(config(), Arc::new(directory), Arc::clone(&stage.functions) as _);
    let users = Arc::new(users);
    let log_in = users.log_in(&Credentials::Anonymous, FROM).await.unwrap();
    // Changing the user makes the next check read it.
    users.set_enabled(&log_in.user.id, true).await.unwrap();

    let ((reached, is_read), (release, gate)) = (oneshot::channel(), oneshot::channel());
    *slow.gate.lock().unwrap() = Some((reached, gate));
    let (checking, token) = (Arc::clone(&users), log_in.access_token.clone());
    let check = tokio::spawn(async move { checking.by_access_token(&token).await });
    is_read.await.unwrap();
    users.set_enabled(&log_in.user.id, false).await.unwrap();
    release.send(()).unwrap();
    let over = refused(AuthErrorKind::InvalidSession, "invalid session");
    assert_eq!(refusal(check.await.unwrap()), over);
    // What was read before the change is not kept either.
    assert_eq!(refusal(users.by_access_token(&log_in.access_token).await), over);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_while_a_function_confirms_keeps_no_name_for_long() {
    let stage = Stage::embedded();
    let users = stage
        .users_with(|config| email_password(config).confirmation_function = Some("f".to_owned()));
    let (asked, is_asked) = std::sync::mpsc::channel();
    stage.functions.set("f", move |_| {
        asked.send(()).unwrap();
        Ok(bson::bson!({ "status": "fail" }))
    });
    let mut registers = Box::pin(users.register("a@b.c", "one password", FROM));
    let mut context = Context::from_waker(Waker::noop());
    while is_asked.try_recv().is_err() {
        assert!(registers.as_mut().poll(&mut context).is_pending());
        tokio::task::yield_now().await;
    }
    drop(registers);

    stage.functions.set_status("f", "success");
    let in_use = refused(AuthErrorKind::AccountNameInUse, "name already in use");
    let again = async || refusal(users.register("a@b.c", "another password", FROM).await);
    assert_eq!(again().await, in_use);
    let unknown = refused(AuthErrorKind::UserNotFound, "user not found");
    assert_eq!(refusal(users.run_confirmation("a@b.c").await), unknown);
    stage.pass(Duration::from_mins(10));
    assert_eq!(again().await, None);
    users.log_in(&email("a@b.c", "another password"), FROM).await.unwrap();
    assert_eq!(again().await, in_use);
    // What was answered is no registration that somebody has left.
    stage.pass(Duration::from_mins(10));
    stage.directory().sweep().await.unwrap();
    assert_eq!(again().await, in_use);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_while_a_password_is_checked_keeps_nobody_from_an_answer() {
    let stage = Stage::embedded();
    stage.users().register("a@b.c", "correct horse", FROM).await.unwrap();
    let credentials = email("a@b.c", "correct horse");
    for _ in 0..3 {
        // One that has no memory of the password yet.
        let users = stage.users();
        let mut first = Box::pin(users.by_credentials(&credentials, FROM, false));
        let mut second = Box::pin(users.by_credentials(&credentials, FROM, false));
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(first.as_mut().poll(&mut context), Poll::Pending));
        assert!(matches!(second.as_mut().poll(&mut context), Poll::Pending));
        drop(first);
        second.await.unwrap();
    }
}
