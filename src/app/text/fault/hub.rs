//! What kept published weights from being fetched.

use crate::app::text::units::bytes;
use crate::app::text::{Explanation, explain};
use crate::core::error::DownloadFault;

const FROM_A_FILE: &str = "or download the file yourself and choose it here";

pub fn fault(fault: &DownloadFault) -> Explanation {
    match fault {
        DownloadFault::Unreachable { address, detail } => explain(
            format!("{} could not be reached ({detail}).", host(address)),
            format!("Check your connection and try again, {FROM_A_FILE}."),
        ),
        DownloadFault::Interrupted { received, total, detail } => explain(
            format!("The connection broke after {} of {} ({detail}).", bytes(*received as f64), bytes(*total as f64)),
            "Try again: it goes on from there.",
        ),
        DownloadFault::Status { address, status } => explain(
            format!("{} answered with status {status} in place of the weights.", host(address)),
            format!("Try again later, {FROM_A_FILE}."),
        ),
        DownloadFault::WrongLength { expected, found } => explain(
            format!("Another file came than expected: it has {found} bytes in place of {expected}."),
            format!("Nothing of it is used. Try again, {FROM_A_FILE}."),
        ),
        DownloadFault::WrongSum { expected, found } => explain(
            format!(
                "Another file came than expected: its SHA-256 begins with {} in place of {}.",
                &found[..found.len().min(8)],
                &expected[..expected.len().min(8)]
            ),
            format!("Nothing of it is used. Try again, {FROM_A_FILE}."),
        ),
    }
}

/// The host of an address.
fn host(address: &str) -> &str {
    address.split('/').nth(2).unwrap_or(address)
}
