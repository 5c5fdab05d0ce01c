//! The smallest host that shows something: it runs one script, keeps what the script says, and
//! answers one kind of asynchronous call.

use std::{
    collections::VecDeque,
    sync::{Arc, LazyLock},
    task::{Context, Poll, Waker},
    time::Duration,
};

use hookstead_isolate::{
    Bytecode, Code, Detail, Ending, Host, Image, ImageParts, LongWork, Native, NativeCall, Pace,
    Pool, PoolLimits, Pure, RunLimits, Script, Thrown, Value, Wake, pause,
};
use hookstead_memory::{Account, Budget};

/// A host that keeps what JavaScript says.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) said: Vec<Value>,
    started: bool,
    answers: VecDeque<(f64, Value)>,
    waker: Option<Waker>,
    done: bool,
    /// The next answer is for the poll after the next, so that other runs come in between.
    rests: bool,
    name: usize,
    account: Option<Arc<Account>>,
    pace: Option<Arc<Pace>>,
}

impl Echo {
    /// A host that tells its script who it is.
    pub(crate) fn named(name: usize) -> Self {
        Self { name, ..Self::default() }
    }

    /// The same, for one of a function's runs.
    pub(crate) fn paced(name: usize, pace: &Arc<Pace>) -> Self {
        Self { name, pace: Some(Arc::clone(pace)), ..Self::default() }
    }

    /// A host whose memory is counted.
    pub(crate) fn counted(account: Arc<Account>) -> Self {
        Self { account: Some(account), ..Self::default() }
    }
}

const PRELUDE: &str = r"
const host = globalThis.__host;
const waiting = new Map();
globalThis.say = host.say;
globalThis.double = (n) => new Promise((resolve) => waiting.set(host.double(n), resolve));
globalThis.list = () => new Promise((resolve) => waiting.set(host.list(), resolve));
globalThis.name = host.name;
globalThis.panic = host.panic;
globalThis.refuse = host.refuse;
globalThis.take = host.take;
globalThis.work = host.work;
globalThis.image = host.script;
globalThis.marked = host.marked;
globalThis.number_mark = host.number_mark;
globalThis.wait = host.wait;
globalThis.start_double = host.double;
class Point {
  constructor(x, y) { this.x = x; this.y = y; }
  length() { return Math.hypot(this.x, this.y); }
}
class Mark { constructor(id) { this.id = id; } }
Object.assign(globalThis, { Point, Mark });
globalThis.__hookstead = {
  start() { host.script(0); },
  answer(id, value) { waiting.get(id)(value); },
  structures: {
    time: Date.prototype.getTime,
    foreign(value) {
      if (typeof value === 'bigint') return Number(value);
      return value instanceof RegExp ? new Mark(value.source) : undefined;
    },
    classes: [[Point.prototype, 'x', 'y'], [Mark.prototype, 'id']],
  },
};
";

const fn short(
    name: &'static str,
    call: fn(&mut Echo, &[Value]) -> Result<Value, Thrown>,
) -> Native<Echo> {
    Native { name, call: NativeCall::Short(call) }
}

impl Host for Echo {
    const NATIVES: &'static [Native<Self>] = &[
        short("say", say),
        short("double", double),
        short("list", list),
        short("name", name),
        short("panic", panic),
        short("refuse", refuse),
        short("take", take),
        Native {
            name: "work",
            call: NativeCall::Pure(Pure { is_long, short: work_at_once, long: work }),
        },
    ];

    const HOOKS: &'static [&'static str] = &["start", "answer"];

    fn account(&self) -> Option<&Arc<Account>> {
        self.account.as_ref()
    }

    fn pace(&self) -> Option<&Arc<Pace>> {
        self.pace.as_ref()
    }

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        if !self.started {
            self.started = true;
            return Poll::Ready(Wake::Call("start", Vec::new()));
        }
        self.rests = !self.rests && !self.answers.is_empty();
        if self.rests {
            cx.waker().wake_by_ref();
            return Poll::Pending;
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

    fn poll_wait(&mut self, id: f64, cx: &mut Context<'_>) -> Poll<Result<Value, Thrown>> {
        self.rests = !self.rests;
        if self.rests {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let place = self.answers.iter().position(|(answer, _)| *answer == id);
        match place.and_then(|place| self.answers.remove(place)) {
            Some((_, answer)) => Poll::Ready(Ok(answer)),
            None if id < 0.0 => Poll::Pending,
            None => Poll::Ready(Err(Thrown::new("RangeError", "nobody answers"))),
        }
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

/// Takes anything and keeps nothing.
fn take(_: &mut Echo, _: &[Value]) -> Result<Value, Thrown> {
    Ok(Value::Undefined)
}

fn is_long(arguments: &[Value]) -> bool {
    arguments[0].as_number().is_some_and(|pieces| pieces.abs() > 100.0)
}

fn work_at_once(arguments: &[Value]) -> Result<Value, Thrown> {
    let pieces = arguments[0].as_number().unwrap_or(f64::NAN);
    if pieces < 0.0 { Err(Thrown::new("RangeError", "negative")) } else { Ok(pieces.into()) }
}

/// Works for so many pieces.
fn work(arguments: Vec<Value>) -> LongWork {
    Box::pin(async move {
        let pieces = arguments[0].as_number().unwrap_or(0.0).max(0.0) as u64;
        for piece in 0..pieces * 20_000 {
            std::hint::black_box(piece);
            if piece % 20_000 == 0 {
                pause().await;
            }
        }
        work_at_once(&arguments)
    })
}

fn name(host: &mut Echo, _: &[Value]) -> Result<Value, Thrown> {
    Ok(Value::Number(host.name as f64))
}

fn panic(_: &mut Echo, _: &[Value]) -> Result<Value, Thrown> {
    panic!("a native panics on purpose");
}

fn refuse(_: &mut Echo, _: &[Value]) -> Result<Value, Thrown> {
    Err(Thrown::new("TypeError", "refused").with_code("NO"))
}

/// What a script may use.
#[derive(Clone)]
pub(crate) struct Limits {
    pub(crate) run: RunLimits,
    pub(crate) memory_bytes: usize,
    pub(crate) stack_bytes: usize,
}

/// Limits that no good run meets.
pub(crate) fn roomy() -> Limits {
    let time = Duration::from_secs(60);
    Limits {
        run: RunLimits { time, cpu_time: time, allocations_max: None },
        memory_bytes: 64 << 20,
        stack_bytes: 512 << 10,
    }
}

/// Limits with less time.
pub(crate) fn within(time: Duration) -> Limits {
    Limits { run: RunLimits { time, ..roomy().run }, ..roomy() }
}

/// Limits with less memory.
pub(crate) fn small(memory_bytes: usize) -> Limits {
    Limits { memory_bytes, ..roomy() }
}

/// An image of the prelude and one script.
pub(crate) fn image(source: &str, limits: &Limits) -> Arc<Image<Echo>> {
    image_within(source, limits, &Budget::unlimited())
}

/// The same, with isolates that count against a budget.
pub(crate) fn image_within(
    source: &str,
    limits: &Limits,
    budget: &Arc<Budget>,
) -> Arc<Image<Echo>> {
    static BYTECODE: LazyLock<Bytecode> = LazyLock::new(|| {
        let script = Script { name: "prelude".into(), source: PRELUDE.into() };
        Bytecode::compile(&script, Detail::Stripped).expect("the prelude compiles")
    });
    let script = Script { name: "script".into(), source: source.into() };
    let parts = ImageParts {
        prelude: BYTECODE.clone(),
        scripts: vec![Code::Source(script)],
        setup: None,
        memory_bytes: limits.memory_bytes,
        stack_bytes: limits.stack_bytes,
    };
    let image = Image::within(parts, budget);
    Arc::new(image.expect("the prelude runs"))
}

/// A pool with room for a few.
pub(crate) fn pool() -> Pool {
    Pool::new(PoolLimits { runs_max: 8, runs_waiting_max: 8, isolates_max: 2 })
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Runtime::new().expect("a runtime"));

/// Runs an image to its end: what it said, and how it ended.
pub(crate) fn run_image(image: &Arc<Image<Echo>>, limits: &Limits) -> (Vec<Value>, Ending) {
    let pool = pool();
    let run = pool.run(Arc::clone(image), limits.run.clone(), Echo::default());
    let (host, ending) = RUNTIME.block_on(run).expect("there is a place");
    (host.said, ending)
}

/// Runs a script to its end: what it said, and how it ended.
pub(crate) fn run(source: &str, limits: &Limits) -> (Vec<Value>, Ending) {
    run_image(&image(source, limits), limits)
}
