//! stub
#![allow(missing_docs)]
use crate::Outbound;
use hookstead_isolate::{Thrown, Value};
use std::{sync::Arc, time::Duration};
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct OutboundError;
pub(crate) struct Client;
impl Client {
    pub(crate) fn new(_: &Outbound, _: usize, _: Duration) -> Result<Self, OutboundError> {
        Ok(Self)
    }
    pub(crate) async fn perform(
        self: Arc<Self>,
        _h: String,
        _b: Option<Vec<u8>>,
    ) -> Result<Value, Thrown> {
        Err(Thrown::new("FunctionError", "stub"))
    }
}
