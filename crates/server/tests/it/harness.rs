//! An app on disk, a server in front of it, and a client.

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use hookstead_app::{LoadOptions, Problem, Secret};
use hookstead_data::{EmbeddedFile, EmbeddedOptions, Store};
use hookstead_functions::Settings;
use hookstead_identity::{Clock, Directory, DirectoryOptions, Limits};
use hookstead_journal::{Journal, JournalLimits, Style};
use hookstead_memory::Budget;
use hookstead_server::{Config, Server, SiteHandle};
use hookstead_site::{ApplicationAuthentication, Site, SiteConfig, UsersSettings};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

/// The slug of every app in these tests.
pub(crate) const APP: &str = "myapp-abcde";

/// An app that is written to disk when it is served.
pub(crate) struct App {
    dir: TempDir,
    root: Json,
    endpoints: Vec<Json>,
    functions: Vec<Json>,
    secrets: Vec<(String, String)>,
    providers: Json,
    /// The URL of what stands in for Google, Facebook and Apple, and how long it may take.
    stand_in: Option<(String, Duration)>,
    pub(crate) config: Config,
    site_config: SiteConfig,
    pub(crate) settings: Settings,
}

impl App {
    pub(crate) fn new() -> Self {
        let config = Config { listen: "127.0.0.1:0".parse().unwrap(), ..Config::default() };
        Self {
            dir: tempfile::tempdir().unwrap(),
            root: json!({ "name": "myapp", "app_id": APP, "config_version": 20210101 }),
            endpoints: Vec::new(),
            functions: Vec::new(),
            secrets: Vec::new(),
            providers: json!({}),
            stand_in: None,
            config,
            site_config: SiteConfig::default(),
            settings: Settings::default(),
        }
    }

    /// Adds an endpoint that runs as system, answers with its result and speaks JSON.
    pub(crate) fn endpoint(self, method: &str, route: &str, source: &str) -> Self {
        self.endpoint_with(method, route, source, json!({}), json!({}))
    }

    /// Adds an endpoint and its function with other settings than those.
    pub(crate) fn endpoint_with(
        mut self,
        method: &str,
        route: &str,
        source: &str,
        endpoint: Json,
        function: Json,
    ) -> Self {
        let name = format!("f{}", self.endpoints.len());
        write(self.dir.path(), &format!("functions/{name}.js"), source);
        self.functions.push(merge(json!({ "name": name, "run_as_system": true }), function));
        let defaults = json!({
            "route": route, "http_method": method, "function_name": name,
            "validation_method": "NO_VALIDATION", "respond_result": true, "return_type": "JSON",
        });
        self.endpoints.push(merge(defaults, endpoint));
        self
    }

    /// Adds a function of this name that no endpoint calls.
    pub(crate) fn function(mut self, name: &str, source: &str, settings: Json) -> Self {
        write(self.dir.path(), &format!("functions/{name}.js"), source);
        self.functions.push(merge(json!({ "name": name, "run_as_system": true }), settings));
        self
    }

    /// Adds a function without an entry that says whose rights it runs with.
    pub(crate) fn undeclared(self, name: &str, source: &str) -> Self {
        write(self.dir.path(), &format!("functions/{name}.js"), source);
        self
    }

    /// Adds a webhook; the service appears with its first one.
    pub(crate) fn webhook(
        self,
        service: (&str, &str),
        name: &str,
        source: &str,
        config: Json,
    ) -> Self {
        let (folder, kind) = (service.0.replace(' ', "_"), service.1);
        let service = json!({ "name": service.0, "type": kind, "config": {}, "version": 1 });
        let parent = if kind == "http" { "http_endpoints" } else { "services" };
        let base = format!("{parent}/{folder}");
        write(self.dir.path(), &format!("{base}/config.json"), &service.to_string());
        let defaults = json!({
            "name": name, "respond_result": true, "run_as_authed_user": false,
            "run_as_user_id": "", "run_as_user_id_script_source": "",
        });
        let webhook = format!("{base}/incoming_webhooks/{name}");
        let config = merge(defaults, config).to_string();
        write(self.dir.path(), &format!("{webhook}/config.json"), &config);
        write(self.dir.path(), &format!("{webhook}/source.js"), source);
        self
    }

    /// Adds a rule of a service that is there already.
    pub(crate) fn rule(self, service: &str, rule: Json) -> Self {
        let path = format!("http_endpoints/{service}/rules/rule.json");
        write(self.dir.path(), &path, &rule.to_string());
        self
    }

    /// Adds a file of the export.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        write(self.dir.path(), path, text);
        self
    }

    pub(crate) fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Enables an authentication provider; with the first one, users are kept.
    pub(crate) fn provider(mut self, name: &str, settings: Json) -> Self {
        self.providers[name] = merge(json!({ "name": name, "type": name }), settings);
        let mut directory = self.open_directory();
        if let Some((url, time)) = &self.stand_in {
            let client = crate::oauth::client_of(url);
            let limits = Limits { provider_time: *time, ..Limits::default() };
            directory = directory.with_client(client, Budget::unlimited()).with_limits(&limits);
        }
        let servers = self.stand_in.as_ref().map(|(url, _)| crate::oauth::servers_at(url));
        self.site_config.users.get_or_insert_with(|| UsersSettings {
            database: "hookstead".to_owned(),
            directory: Arc::new(directory),
            access_token_time: Duration::from_secs(1800),
            refresh_token_time: Duration::from_secs(86_400),
            revocation_delay: Duration::from_secs(1),
            providers: servers.unwrap_or_default(),
        });
        self
    }

    /// Keeps users by another clock.
    pub(crate) fn clock(mut self, clock: Clock) -> Self {
        let directory = self.open_directory().with_clock(clock);
        self.site_config.users.as_mut().unwrap().directory = Arc::new(directory);
        self
    }

    fn open_directory(&self) -> Directory {
        Directory::new(
            Arc::new(self.documents().data_source("users")),
            DirectoryOptions { database: "hookstead".to_owned() },
        )
    }

    /// Lets something else stand in for Google, Facebook and Apple; providers are added later.
    pub(crate) fn stand_in(mut self, url: &str, time: Duration) -> Self {
        self.stand_in = Some((url.to_owned(), time));
        self
    }

    /// Gives functions a data source, `mongodb-atlas`.
    pub(crate) fn data(mut self) -> Self {
        let store: Arc<dyn Store> = Arc::new(self.documents().data_source("mongodb-atlas"));
        self.settings.data.named.insert("mongodb-atlas".to_owned(), store);
        let config = json!({ "name": "mongodb-atlas", "type": "mongodb-atlas", "config": {} });
        write(self.dir.path(), "data_sources/mongodb-atlas/config.json", &config.to_string());
        self
    }

    fn documents(&self) -> EmbeddedFile {
        let folder = self.dir.path().join("kept");
        EmbeddedFile::open(&folder, EmbeddedOptions::default()).unwrap()
    }

    /// Says where more is known of users.
    pub(crate) fn custom_user_data(self, config: Json) -> Self {
        write(self.dir.path(), "auth/custom_user_data.json", &config.to_string());
        self
    }

    /// Sets a field of the root configuration.
    pub(crate) fn root(mut self, name: &str, value: Json) -> Self {
        self.root[name] = value;
        self
    }

    /// Changes the configuration of the server.
    pub(crate) fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Changes the configuration of the app.
    pub(crate) fn site_config(mut self, change: impl FnOnce(&mut SiteConfig)) -> Self {
        change(&mut self.site_config);
        self
    }

    /// Lets endpoints with application authentication run as system.
    pub(crate) fn application_as_system(self) -> Self {
        let system = ApplicationAuthentication::System;
        self.site_config(|config| config.application_authentication = system)
    }

    /// Writes the app and makes it ready to be served.
    pub(crate) fn site(&self) -> (Site, Vec<Problem>) {
        let root = self.dir.path();
        write(root, "realm_config.json", &self.root.to_string());
        write(root, "http_endpoints/config.json", &json!(self.endpoints).to_string());
        write(root, "auth/providers.json", &self.providers.to_string());
        write(root, "functions/config.json", &json!(self.functions).to_string());
        let loaded = hookstead_app::load(root, &LoadOptions::default()).unwrap();
        let secrets = |name: &str| {
            let (_, value) = self.secrets.iter().find(|(known, _)| known == name)?;
            Some(Secret::new(value.clone()))
        };
        let (settings, config) = (self.settings.clone(), &self.site_config);
        let site = Site::new(&loaded.app, &secrets, settings, config).unwrap();
        (site, loaded.problems)
    }

    pub(crate) async fn start(self) -> Running {
        let (site, _) = self.site();
        let log = Log::default();
        let journal = Journal::new(log.clone(), Style::default(), JournalLimits::default());
        let server = Server::bind(self.config.clone(), Arc::new(site), Arc::new(journal));
        let server = server.await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let (address, handle) = (server.local_addr(), server.handle());
        let shutdown = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(server.serve(shutdown));
        let client = Client::builder(TokioExecutor::new()).build_http();
        let (handle, stop) = (Some(handle), Some(stop));
        Running { address, handle, log, stop, task, client, _dir: self.dir }
    }
}

/// A server that runs until it is dropped or stopped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    handle: Option<SiteHandle>,
    log: Log,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    client: Client<HttpConnector, Full<Bytes>>,
    /// Documents are kept in it.
    _dir: TempDir,
}

/// A response that has arrived.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Status and code of an error in the envelope.
    pub(crate) fn error(&self) -> (u16, String) {
        let json = self.json();
        assert_eq!(self.header("content-type"), "application/json");
        let keys: Vec<_> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["error", "error_code", "link"]);
        let link = format!("/logs?co_id={}", self.header("x-request-id"));
        assert!(json["link"].as_str().unwrap().ends_with(&link));
        (self.status, json["error_code"].as_str().unwrap().to_owned())
    }

    pub(crate) fn message(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Running {
    pub(crate) fn handle(&self) -> &SiteHandle {
        self.handle.as_ref().unwrap()
    }

    pub(crate) async fn get(&self, route: &str) -> Answer {
        self.call("GET", &endpoint(route), &[], "").await
    }

    pub(crate) async fn post(&self, route: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.call("POST", &endpoint(route), headers, body).await
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body.as_ref()))).unwrap();
        receive(&self.client, request).await
    }

    /// Sends bytes as they are and returns everything that comes back.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(Duration::from_secs(10), reading).await.expect("still open");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Stops the server and returns its journal.
    pub(crate) async fn stop(mut self) -> String {
        self.begin_stop();
        // Connections that the client keeps open would be waited for.
        drop(self.client);
        self.task.await.unwrap();
        // The journal writes its last lines when the last of its owners is gone.
        drop(self.handle.take());
        let begun = Instant::now();
        while Arc::strong_count(&self.log.0) > 1 && begun.elapsed() < Duration::from_secs(5) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        String::from_utf8(self.log.0.lock().unwrap().clone()).unwrap()
    }

    pub(crate) fn begin_stop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
    }
}

pub(crate) async fn receive(
    client: &Client<HttpConnector, Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Answer {
    let response = client.request(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status: parts.status.as_u16(), headers: parts.headers, text }
}

/// The path of an endpoint.
pub(crate) fn endpoint(route: &str) -> String {
    format!("/app/{APP}/endpoint{route}")
}

/// The path of a webhook.
pub(crate) fn webhook(service: &str, name: &str) -> String {
    format!("/api/client/v2.0/app/{APP}/service/{service}/incoming_webhook/{name}")
}

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn merge(mut defaults: Json, settings: Json) -> Json {
    for (name, value) in settings.as_object().unwrap() {
        if value.is_null() {
            defaults.as_object_mut().unwrap().shift_remove(name);
        } else {
            defaults[name] = value.clone();
        }
    }
    defaults
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
