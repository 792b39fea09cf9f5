//! Comparisons for the browser tests, which hold the page's own worker to the
//! golden files: `{ check: text }` with JSON `{ id, device, case }` in, a list
//! of lists of numbers out; or `{ id, panic }`. See [`question`] and [`learn::check`].
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
#[serde(untagged)]
enum Check {
    Case {
        device: Place,
        case: Case,
    },
    /// No answer: a panic with these words, whatever is under way.
    Panic {
        panic: String,
    },
}

/// Takes a message that is a check; false for any other.
pub fn receive(event: &MessageEvent) -> bool {
    question::receive(event, "check", perform)
}

async fn perform(check: Check) -> Result<Value, Fault> {
    let (device, case) = match check {
        Check::Case { device, case } => (device, case),
        Check::Panic { panic } => panic!("{panic}"),
    };
    let _working = Working::begin(Job::Measure)?;
    let compute = device::open(device.into()).await?;
    Ok(json!(answer(case, &compute.device).await?))
}
