//! Comparisons for the browser tests, which hold the page's own worker to the
//! golden files: `{ check: text }` with JSON `{ id, device, case }` in, a list
//! of lists of numbers out. See [`question`] and [`learn::check`].
//!
//! [`learn::check`]: crate::learn::check

use super::question::{self, Place};
use crate::core::error::Fault;
use crate::learn::check::{Case, answer};
use crate::worker::device;
use crate::worker::session::{Job, Working};
use serde::Deserialize;
use serde_json::{Value, json};
use web_sys::MessageEvent;

#[derive(Deserialize)]
struct Check {
    device: Place,
    case: Case,
}

/// Takes a message that is a check; false for any other.
pub fn receive(event: &MessageEvent) -> bool {
    question::receive(event, "check", perform)
}

async fn perform(check: Check) -> Result<Value, Fault> {
    let _working = Working::begin(Job::Measure)?;
    let compute = device::open(check.device.into()).await?;
    Ok(json!(answer(check.case, &compute.device).await?))
}
