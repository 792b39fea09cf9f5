//! `cargo xtask test`: every check in order, with the minutes of each.
use crate::process::Outcome;
pub fn run(_only: Option<&str>, _rest: &[String]) -> Outcome {
    Err("in work".into())
}
