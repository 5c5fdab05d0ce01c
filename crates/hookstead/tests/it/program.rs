//! Runs the program, and calls what it serves.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// The example of this name.
pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

/// A copy of an example that a test may change.
pub(crate) fn copy_of_example(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&example(name), folder.path());
    folder
}

/// An app out of these files, by path. Its functions run as system, and each `functions/a.js` is
/// the endpoint `/a` for every method.
pub(crate) fn app_of(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (mut functions, mut endpoints) = (Vec::new(), Vec::new());
    for (path, text) in files {
        let path_of_file = folder.path().join(path);
        fs::create_dir_all(path_of_file.parent().unwrap()).unwrap();
        fs::write(path_of_file, text).unwrap();
        let name = path.strip_prefix("functions/").and_then(|path| path.strip_suffix(".js"));
        if let Some(name) = name.filter(|name| !name.starts_with("node_modules/")) {
            functions.push(serde_json::json!({ "name": name, "run_as_system": true }));
            endpoints.push(serde_json::json!({
                "route": format!("/{name}"), "http_method": "*", "function_name": name,
                "validation_method": "NO_VALIDATION", "respond_result": true,
                "return_type": "JSON",
            }));
        }
    }
    let write = |path: &str, json: serde_json::Value| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if !path.exists() {
            fs::write(path, json.to_string()).unwrap();
        }
    };
    let root = serde_json::json!({
        "app_id": "made-abcde", "name": "made", "config_version": 20210101,
    });
    write("realm_config.json", root);
    write("functions/config.json", functions.into());
    write("http_endpoints/config.json", endpoints.into());
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The program, without the variables of whoever runs the tests.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hookstead"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOOKSTEAD_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    Outcome::of(program(arguments).output().unwrap())
}

/// Runs the program to its end with something on its standard input.
pub(crate) fn run_with_input(arguments: &[&str], input: &str) -> Outcome {
    let mut command = program(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that refuses its arguments does not read it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Outcome::of(child.wait_with_output().unwrap())
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A running server, ended when it is dropped.
pub(crate) struct Served {
    child: Child,
    /// The start of every URL.
    pub(crate) base: String,
    log: Option<BufReader<std::process::ChildStdout>>,
    /// What it has written to its standard error.
    told: Arc<Mutex<Vec<u8>>>,
    /// A second signal would end the program at once.
    asked_to_stop: AtomicBool,
    data: Option<tempfile::TempDir>,
}

impl Served {
    /// Serves a folder.
    pub(crate) fn start(app: &Path, flags: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let data_dir = ["--data-dir", data.path().to_str().unwrap()];
        let mut served = Self::start_in(app, &[&data_dir, flags].concat());
        served.data = Some(data);
        served
    }

    /// The same with a data folder that the flags name.
    pub(crate) fn start_in(app: &Path, flags: &[&str]) -> Self {
        let mut arguments = vec!["serve", app.to_str().unwrap(), "--listen", "127.0.0.1:0"];
        arguments.extend(flags);
        Self::start_as(program(&arguments))
    }

    /// Serves a folder with a program that another one starts, such as a shell that sets limits.
    pub(crate) fn start_through(starter: &[&str], app: &Path) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut command = Command::new(starter[0]);
        command.args(&starter[1..]).args(["serve", app.to_str().unwrap()]);
        command.args(["--listen", "127.0.0.1:0", "--data-dir", data.path().to_str().unwrap()]);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HOOKSTEAD_") {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null());
        let mut served = Self::start_as(command);
        served.data = Some(data);
        served
    }

    /// Serves with a whole command.
    pub(crate) fn start_as(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let base = base_url(&line).unwrap_or_else(|| {
            let mut errors = String::new();
            let _ = stderr.read_to_string(&mut errors);
            panic!("the first line is {line:?}; {errors}")
        });
        let told = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&told);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut bytes) {
                hears.lock().unwrap().extend_from_slice(&bytes[..read]);
            }
        });
        Self {
            base,
            told,
            child,
            log: Some(log),
            asked_to_stop: AtomicBool::new(false),
            data: None,
        }
    }

    /// The data folder that was made for it.
    pub(crate) fn data_dir(&self) -> &Path {
        self.data.as_ref().unwrap().path()
    }

    /// Calls a path; the body is sent where there is one.
    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = if body.is_empty() {
            agent.run(request.body(()).unwrap()).unwrap()
        } else {
            agent.run(request.body(body.to_owned()).unwrap()).unwrap()
        };
        Response::of(response)
    }

    /// What it has written to its standard error so far.
    pub(crate) fn told(&self) -> String {
        String::from_utf8(self.told.lock().unwrap().clone()).unwrap()
    }

    /// Sends it a signal, such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// A field of what the system says of the process's memory, in KiB.
    pub(crate) fn memory_kib(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Asks the server to stop.
    pub(crate) fn ask_to_stop(&self) {
        self.asked_to_stop.store(true, Ordering::Relaxed);
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
    }

    /// Asks the server to stop, and gives what it still printed and its status.
    pub(crate) fn stop(mut self) -> (String, i32) {
        if !self.asked_to_stop.load(Ordering::Relaxed) && self.child.try_wait().unwrap().is_none() {
            self.ask_to_stop();
        }
        let mut log = String::new();
        self.log.take().unwrap().read_to_string(&mut log).unwrap();
        (log, self.child.wait().unwrap().code().unwrap_or(-1))
    }
}

/// The start of every URL, from the first line of either format.
fn base_url(line: &str) -> Option<String> {
    if let Some(url) = line.trim().strip_prefix("listening on ") {
        return Some(url.to_owned());
    }
    let json: serde_json::Value = serde_json::from_str(line).ok()?;
    let url = json["url"].as_str()?;
    (json["notice"] == format!("listening on {url}")).then(|| url.to_owned())
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    fn of(mut response: ureq::http::Response<ureq::Body>) -> Self {
        let headers = response.headers().iter();
        let text = |value: &ureq::http::HeaderValue| value.to_str().unwrap().to_owned();
        Self {
            status: response.status().as_u16(),
            headers: headers.map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: response.body_mut().read_to_vec().unwrap(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(other, _)| other == name);
        named.map(|(_, value)| value.as_str()).collect()
    }
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < end, "{what} did not happen");
        thread::sleep(Duration::from_millis(50));
    }
}
