//! Scripts that mean harm end themselves and nothing else.

use std::time::{Duration, Instant};

use hookstead_isolate::{Ending, RunLimits};

use crate::echo::{roomy, run};

#[test]
fn probe() {
    let Ok(file) = std::env::var("PROBE") else { return };
    let ms = std::env::var("PROBE_MS").map_or(1000, |ms| ms.parse().expect("a number"));
    let mb = std::env::var("PROBE_MB").map_or(64, |ms| ms.parse().expect("a number"));
    let source = std::fs::read_to_string(file).expect("a script");
    for line in source.lines().filter(|line| !line.trim().is_empty()) {
        println!("> {line}");
        let begun = Instant::now();
        let limits =
            RunLimits { time: Duration::from_millis(ms), memory_bytes: mb << 20, ..roomy() };
        let (said, ending) = run(&format!("{line}\n;say('done')"), limits);
        println!("    {:?} {ending:?} {said:.200?}", begun.elapsed());
    }
}

/// Fails every allocation from a moment on that moves through the whole of a script.
#[test]
fn probe_memory() {
    let Ok(file) = std::env::var("PROBE_OOM") else { return };
    let source = std::fs::read_to_string(file).expect("a script");
    let step: usize = std::env::var("STEP").map_or(4096, |ms| ms.parse().expect("a number"));
    let mut memory_bytes: usize =
        std::env::var("FROM").map_or(100_000, |ms| ms.parse().expect("a number"));
    loop {
        let limits = RunLimits { memory_bytes, ..roomy() };
        let (_, ending) = run(&format!("{source}\n;say('done')"), limits);
        if ending != Ending::MemoryLimit {
            println!("{memory_bytes}: {ending:?}");
            if ending == Ending::Finished {
                break;
            }
        }
        memory_bytes += step;
    }
}
