//! Runs that share isolates, wait, reach their limits and are dropped in the middle, in any order:
//! each finds its own world as it left it, and whoever comes next a fresh one.

#![no_main]

use std::{
    collections::VecDeque,
    sync::{Arc, LazyLock},
    task::{Context, Poll, Waker},
    time::Duration,
};

use hookstead_isolate::{
    Bytecode, Detail, Ending, Host, Image, ImageParts, Native, NativeCall, Pool, PoolLimits,
    RunLimits, Script, Thrown, Value, Wake,
};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

const SCRIPT: &str = include_str!("isolate.js");
const RUNS_MAX: usize = 6;
/// Every piece that neither spins nor needs much, twice: what the probe goes through.
const PROBE: [u8; 36] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    11, 12, 13, 14, 15, 16, 17,
];

#[derive(Default)]
struct Program {
    pieces: Vec<u8>,
    said: Vec<Value>,
    answers: VecDeque<f64>,
    waker: Option<Waker>,
    has_begun: bool,
    is_done: bool,
    rests: bool,
}

impl Host for Program {
    const NATIVES: &'static [Native<Self>] = &[
        Native {
            name: "pieces",
            call: NativeCall::Short(|host, _| Ok(host.pieces.clone().into())),
        },
        Native { name: "say", call: NativeCall::Short(say) },
        Native { name: "wait", call: NativeCall::Short(wait) },
        Native {
            name: "refuse",
            call: NativeCall::Short(|_, _| Err(Thrown::new("TypeError", "no").with_code("NO"))),
        },
    ];

    const HOOKS: &'static [&'static str] = &["start", "answer"];

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        if !self.has_begun {
            self.has_begun = true;
            return Poll::Ready(Wake::Call("start", Vec::new()));
        }
        self.rests = !self.rests && !self.answers.is_empty();
        if self.rests {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(id) = self.answers.pop_front() {
            let answer = Value::List(vec![id.into(), "answer".into()]);
            return Poll::Ready(Wake::Call("answer", vec![id.into(), answer]));
        }
        if self.is_done {
            return Poll::Ready(Wake::Finished);
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

fn say(host: &mut Program, arguments: &[Value]) -> Result<Value, Thrown> {
    let first = arguments.first().and_then(Value::as_text).unwrap_or_default();
    assert!(!first.starts_with("BROKEN"), "{first}");
    host.is_done |= first == "done";
    if host.said.len() < 1000 {
        host.said.extend(arguments.iter().take(4).cloned());
    }
    Ok(arguments.first().cloned().unwrap_or(Value::Undefined))
}

fn wait(host: &mut Program, arguments: &[Value]) -> Result<Value, Thrown> {
    let id = arguments.first().and_then(Value::as_number).unwrap_or(0.0);
    host.answers.push_back(id);
    Ok(id.into())
}

/// An image, and a pool that gives it so many isolates.
struct World {
    image: Arc<Image<Program>>,
    pool: Arc<Pool>,
}

impl World {
    fn new(isolates_max: usize) -> Self {
        let script = Script { name: "isolate.js".into(), source: SCRIPT.into(), lines_before: 0 };
        let image = Image::new(ImageParts {
            prelude: Bytecode::compile(&script, Detail::Full).expect("the script compiles"),
            scripts: Vec::new(),
            setup: None,
            memory_bytes: 12 << 20,
            stack_bytes: 128 << 10,
        });
        let limits = PoolLimits { runs_max: RUNS_MAX, runs_waiting_max: RUNS_MAX, isolates_max };
        Self { image: Arc::new(image.expect("an image")), pool: Arc::new(Pool::new(limits)) }
    }

    fn run(
        &self,
        pieces: &[u8],
        limits: RunLimits,
    ) -> impl Future<Output = (Program, Ending)> + Send + 'static {
        let (image, pool) = (Arc::clone(&self.image), Arc::clone(&self.pool));
        let host = Program { pieces: pieces.to_vec(), ..Program::default() };
        async move { pool.run(image, limits, host).await.expect("there is room for all") }
    }

    /// What a run without mishaps says.
    async fn probe(&self) -> Vec<Value> {
        let time = Duration::from_secs(60);
        let limits = RunLimits { time, cpu_time: time, allocations_max: None };
        let (host, ending) = tokio::spawn(self.run(&PROBE, limits)).await.expect("no panic");
        assert_eq!(ending, Ending::Finished);
        host.said
    }
}

static RUNTIMES: LazyLock<[Runtime; 2]> = LazyLock::new(|| {
    let several = Builder::new_multi_thread().worker_threads(3).enable_all().build();
    let one = Builder::new_current_thread().enable_all().build();
    [one.expect("a runtime"), several.expect("a runtime")]
});
static WORLDS: LazyLock<[World; 3]> = LazyLock::new(|| [1, 2, 3].map(World::new));
static EXPECTED: LazyLock<Vec<Value>> =
    LazyLock::new(|| RUNTIMES[0].block_on(World::new(1).probe()));

/// One run as the bytes have it: its limits, when it is dropped, and its pieces.
struct Plan {
    pieces: Vec<u8>,
    limits: RunLimits,
    dropped_after: Option<Duration>,
}

fn plan(bytes: &[u8]) -> Plan {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let ms = |byte: u8| Duration::from_millis(1 + u64::from(byte % 32));
    let time = |byte: u8| if byte < 128 { Duration::from_millis(100) } else { ms(byte) };
    let allocations = u64::from(at(2)) * 256 + u64::from(at(3));
    Plan {
        limits: RunLimits {
            time: time(at(0)),
            cpu_time: time(at(1)),
            allocations_max: (at(2) < 16).then_some(allocations),
        },
        dropped_after: (at(4) > 160).then(|| Duration::from_micros(50 * u64::from(at(5)))),
        pieces: bytes.get(6..).unwrap_or_default().iter().take(64).copied().collect(),
    }
}

fuzz_target!(|data: &[u8]| {
    let expected = &*EXPECTED;
    let Some((first, rest)) = data.split_first() else { return };
    let runtime = &RUNTIMES[usize::from(first & 1)];
    let world = &WORLDS[usize::from(first >> 1) % WORLDS.len()];
    runtime.block_on(async {
        let mut runs = tokio::task::JoinSet::new();
        for plan in rest.split(|byte| *byte == 0xff).take(RUNS_MAX).map(plan) {
            let run = world.run(&plan.pieces, plan.limits);
            runs.spawn(async move {
                match plan.dropped_after {
                    Some(time) => tokio::time::timeout(time, run).await.ok(),
                    None => Some(run.await),
                }
            });
        }
        while let Some(ended) = runs.join_next().await {
            if let Some((_, Ending::Broken(thrown))) = ended.expect("no panic") {
                assert!(!thrown.message.starts_with("BROKEN"), "{thrown}");
            }
        }
        assert_eq!(world.probe().await, *expected);
    });
});
