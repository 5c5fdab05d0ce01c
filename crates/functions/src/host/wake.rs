//! What a run does next: it begins, goes on with an answer, and ends.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use hookstead_isolate::{Host, Native, Pace, Thrown, Value, Wake};
use hookstead_memory::Account;

use super::{RunHost, Stage, execution_error};
use crate::{border, input, memory::Broken, natives};

impl Host for RunHost {
    const NATIVES: &'static [Native<Self>] = natives::ALL;
    const HOOKS: &'static [&'static str] = border::HOOKS;

    fn account(&self) -> Option<&Arc<Account>> {
        Some(&self.account)
    }

    fn pace(&self) -> Option<&Arc<Pace>> {
        Some(&self.pace)
    }

    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        if let Stage::Ready(script) = self.stage {
            self.stage = Stage::Running;
            let start = input::start(&self.invocation, script);
            return Poll::Ready(Wake::Call("start", start));
        }
        let is_over = self.answer.is_some() || self.broken_memory.is_some();
        if is_over || matches!(self.stage, Stage::Finishing) {
            return Poll::Ready(Wake::Finished);
        }
        self.poll_work(cx)
    }

    fn poll_wait(&mut self, id: f64, cx: &mut Context<'_>) -> Poll<Result<Value, Thrown>> {
        self.work.poll_answer(id as u32, cx).map_err(|broken| match broken {
            Broken::Thrown(thrown) => thrown,
            Broken::Memory(refused) => {
                self.break_memory(refused);
                Thrown::new("InternalError", "out of memory")
            }
        })
    }
}

impl RunHost {
    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        if let Poll::Ready((id, outcome)) = self.work.poll_done(cx) {
            let id = Value::Number(f64::from(id));
            let (succeeded, value) = match outcome {
                Ok(value) => (true, value),
                Err(Broken::Thrown(thrown)) => (false, thrown_parts(&thrown)),
                Err(Broken::Memory(refused)) => {
                    self.break_memory(refused);
                    return Poll::Ready(Wake::Finished);
                }
            };
            return Poll::Ready(Wake::Call("complete", vec![id, succeeded.into(), value]));
        }
        match self.stage {
            Stage::Settled(at) if !self.work.holds(at, self.limits.timer_drain) => {
                self.stage = Stage::Finishing;
                Poll::Ready(Wake::Call("finish", Vec::new()))
            }
            Stage::Running if self.work.is_empty() => {
                let message = "the function waits for a promise that nothing can settle";
                self.answer = Some(Err(execution_error(message.into(), None)));
                Poll::Ready(Wake::Finished)
            }
            _ => Poll::Pending,
        }
    }
}

/// An exception as the hook `complete` takes it: name, message, code.
fn thrown_parts(thrown: &Thrown) -> Value {
    // Those of MongoDB are numbers.
    let code = thrown.code.as_deref().map_or(Value::Undefined, |code| match code.parse::<i32>() {
        Ok(number) => Value::Number(f64::from(number)),
        Err(_) => Value::from(code),
    });
    Value::List(vec![thrown.name.as_ref().into(), thrown.message.as_str().into(), code])
}
