//! What a clean world costs: runs on images of several sizes, and putting those back.
//!
//! ```text
//! cargo bench -p hookstead-isolate --bench resets
//! ```

#![expect(clippy::expect_used, reason = "a bench that cannot go on stops")]

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hookstead_isolate::{
    Bytecode, Detail, Ending, Host, Image, ImageParts, Native, Pool, PoolLimits, RunLimits, Script,
    Wake,
};

/// A host that calls one hook.
#[derive(Default)]
struct Once {
    calls: u32,
}

impl Host for Once {
    const NATIVES: &'static [Native<Self>] = &[];
    const HOOKS: &'static [&'static str] = &["start"];

    fn poll_wake(&mut self, _: &mut Context<'_>) -> Poll<Wake> {
        self.calls += 1;
        Poll::Ready(if self.calls == 1 { Wake::Call("start", Vec::new()) } else { Wake::Finished })
    }
}

/// As much as `kilobytes` of functions and data, of which a run touches a little.
fn prelude(kilobytes: u32) -> Script {
    let source = format!(
        "const shelf = [];
         for (let n = 0; n < {kilobytes}; n++) {{
           const item = {{ n, name: `item ${{n}}`, list: [n, n + 1, {{ n }}], at: new Date(n) }};
           item.call = (x) => item.list[0] + x;
           item.more = Array.from({{ length: 8 }}, (_, k) => ({{ k, text: `${{n}} ${{k}}` }}));
           shelf.push(item);
         }}
         globalThis.__hookstead = {{
           start() {{
             const order = JSON.parse('{{\"items\":[{{\"price\":2,\"count\":3}}]}}');
             let sum = 0;
             for (let n = 0; n < 20 && n < shelf.length; n++) sum += shelf[n * 7 % 20].call(n);
             globalThis.result = JSON.stringify({{ sum, items: order.items.map((x) => x.price) }});
           }},
         }};"
    );
    Script { name: "prelude".into(), source, lines_before: 0 }
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!("{:>10} {:>12} {:>12} {:>11}", "image", "a run", "a reset", "pages");
    for kilobytes in [0, 400, 2_000, 8_000] {
        let image = Arc::new(image(kilobytes));
        let run = runtime.block_on(time_runs(&image, 20_000));
        let (reset, pages) = image.time_resets(500);
        let megabytes = image.bytes() as f64 / 1e6;
        println!("{megabytes:>7.2} MB {run:>12.2?} {reset:>12.2?} {pages:>11}");
    }
}

fn image(kilobytes: u32) -> Image<Once> {
    Image::new(ImageParts {
        prelude: Bytecode::compile(&prelude(kilobytes), Detail::Stripped)
            .expect("the prelude compiles"),
        scripts: Vec::new(),
        setup: None,
        memory_bytes: 64 << 20,
        stack_bytes: 1 << 20,
    })
    .expect("the image is made")
}

async fn time_runs(image: &Arc<Image<Once>>, runs: u32) -> Duration {
    let pool = Pool::new(PoolLimits { runs_max: 1, runs_waiting_max: 0, isolates_max: 1 });
    let time = Duration::from_secs(60);
    let begun = Instant::now();
    for _ in 0..runs {
        let limits = RunLimits { time, cpu_time: time, allocations_max: None };
        let (_, ending) =
            pool.run(Arc::clone(image), limits, Once::default()).await.expect("a place");
        assert_eq!(ending, Ending::Finished);
    }
    begun.elapsed() / runs
}
