//! Extended JSON, parsed and written inside the engine: an answer or an ordinary error, and what
//! was written once is written the same again.

#![no_main]

use std::sync::LazyLock;

use hookstead_functions::{
    Call, Definition, FailureKind, FunctionSource, Functions, Invocation, Settings, User,
};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

const SOURCE: &str = "exports = (text) => {
  const once = EJSON.stringify(EJSON.parse(text));
  const twice = EJSON.stringify(EJSON.parse(once));
  if (once !== twice) throw new Error(`UNSTABLE ${once} ${twice}`);
  JSON.stringify(EJSON.parse(text));
  if (({}).polluted !== undefined) throw new Error('UNSTABLE prototype');
  return 1;
}";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
static FUNCTIONS: LazyLock<Functions> = LazyLock::new(|| {
    let mut definition = Definition::default();
    let function = FunctionSource {
        file: "source.js".into(),
        source: SOURCE.into(),
        run_as_system: true,
        refusal: None,
        execute_refusal: None,
    };
    definition.functions.insert("source".into(), function);
    Functions::load(definition, Settings::default()).expect("functions load")
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let invocation = Invocation {
        entry: "source".into(),
        call: Call::Arguments(serde_json::json!([text]).to_string()),
        user: User::System,
        running_as_system: true,
        request: None,
    };
    if let Err(failure) = RUNTIME.block_on(FUNCTIONS.invoke(invocation)).outcome {
        assert_eq!(failure.kind, FailureKind::FunctionExecutionError, "{failure:?}");
        assert!(!failure.message.starts_with("UNSTABLE"), "{}", failure.message);
    }
});
