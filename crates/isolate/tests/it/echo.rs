//! The smallest host that shows something: it runs one script, keeps what the script says, and
//! answers one kind of asynchronous call.

use std::{
    collections::VecDeque,
    sync::{Arc, LazyLock},
    task::{Context, Poll, Waker},
    time::Duration,
};

use hookstead_isolate::{
    Ending, Host, Image, Native, Pool, PoolLimits, RunLimits, Script, Thrown, Value, Wake,
};

/// A host that keeps what JavaScript says.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) said: Vec<Value>,
    started: bool,
    answers: VecDeque<(f64, Value)>,
    waker: Option<Waker>,
    done: bool,
}

const PRELUDE: &str = r"
const host = globalThis.__host;
const waiting = new Map();
globalThis.say = host.say;
globalThis.double = (n) => new Promise((resolve) => waiting.set(host.double(n), resolve));
globalThis.list = () => new Promise((resolve) => waiting.set(host.list(), resolve));
globalThis.panic = host.panic;
globalThis.refuse = host.refuse;
globalThis.image = host.script;
globalThis.__hookstead = {
  start() { host.script(0); },
  answer(id, value) { waiting.get(id)(value); },
};
";

impl Host for Echo {
    const NATIVES: &'static [Native<Self>] = &[
        Native { name: "say", call: say },
        Native { name: "double", call: double },
        Native { name: "list", call: list },
        Native { name: "panic", call: panic },
        Native { name: "refuse", call: refuse },
    ];

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        if !self.started {
            self.started = true;
            return Poll::Ready(Wake::Call("start", Vec::new()));
        }
        if let Some((id, answer)) = self.answers.pop_front() {
            return Poll::Ready(Wake::Call("answer", vec![Value::Number(id), answer]));
        }
        if self.done {
            return Poll::Ready(Wake::Finished);
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

fn say(host: &mut Echo, arguments: &[Value]) -> Result<Value, Thrown> {
    host.said.extend_from_slice(arguments);
    host.done = arguments.first().and_then(Value::as_text) == Some("done") || host.done;
    Ok(arguments.first().cloned().unwrap_or(Value::Undefined))
}

fn double(host: &mut Echo, arguments: &[Value]) -> Result<Value, Thrown> {
    let number = arguments[0].as_number().unwrap_or(f64::NAN);
    host.answers.push_back((number, Value::Number(number * 2.0)));
    Ok(Value::Number(number))
}

fn list(host: &mut Echo, _: &[Value]) -> Result<Value, Thrown> {
    let id = -1.0;
    host.answers.push_back((id, Value::List(vec!["answer".into()])));
    Ok(Value::Number(id))
}

fn panic(_: &mut Echo, _: &[Value]) -> Result<Value, Thrown> {
    panic!("a native panics on purpose");
}

fn refuse(_: &mut Echo, _: &[Value]) -> Result<Value, Thrown> {
    Err(Thrown::new("TypeError", "refused").with_code("NO"))
}

/// An image of the prelude and one script.
pub(crate) fn image(source: &str) -> Arc<Image> {
    let prelude = Script { name: "prelude".into(), source: PRELUDE.into() };
    let script = Script { name: "script".into(), source: source.into() };
    Arc::new(Image::new(&prelude, &[script]).expect("the prelude compiles"))
}

/// Limits that no good run meets.
pub(crate) fn roomy() -> RunLimits {
    RunLimits { time: Duration::from_secs(60), memory_bytes: 64 << 20, stack_bytes: 512 << 10 }
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Runtime::new().expect("a runtime"));

/// Runs a script to its end: what it said, and how it ended.
pub(crate) fn run(source: &str, limits: RunLimits) -> (Vec<Value>, Ending) {
    let pool = Pool::new(PoolLimits {
        runs_max: 2,
        runs_waiting_max: 8,
        stack_bytes_max: limits.stack_bytes,
    });
    let run = pool.run(image(source), limits, Echo::default());
    let (host, ending) = RUNTIME.block_on(run).expect("there is a place");
    (host.map(|host| host.said).unwrap_or_default(), ending)
}
