//! What kept published weights from being fetched.

use super::super::units::bytes;
use super::{Words, words};
use crate::core::error::HubFault;

const FROM_A_FILE: &str = "or download the file yourself and choose it here";

pub fn fault(fault: &HubFault) -> Words {
    match fault {
        HubFault::Unreachable { address, detail } => words(
            format!("{} could not be reached ({detail}).", host(address)),
            format!("Check your connection and try again, {FROM_A_FILE}."),
        ),
        HubFault::Interrupted { received, total, detail } => words(
            format!("The connection broke after {} of {} ({detail}).", bytes(*received as f64), bytes(*total as f64)),
            "Try again: it goes on from there.",
        ),
        HubFault::Status { address, status } => words(
            format!("{} answered with status {status} in place of the weights.", host(address)),
            format!("Try again later, {FROM_A_FILE}."),
        ),
        HubFault::WrongLength { expected, found } => words(
            format!("Another file came than expected: it has {found} bytes in place of {expected}."),
            format!("Nothing of it is used. Try again, {FROM_A_FILE}."),
        ),
        HubFault::WrongSum { expected, found } => words(
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
