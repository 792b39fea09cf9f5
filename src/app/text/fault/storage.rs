//! What kept something from being stored or read.

use crate::app::text::units::bytes;
use crate::app::text::{Explanation, explain};
use crate::core::error::StorageFault;

pub fn fault(fault: &StorageFault) -> Explanation {
    match fault {
        StorageFault::Unavailable { detail } => explain(
            format!("This browser offers no place to store runs here ({detail})."),
            "Leave the private window, or update the browser. Training works without; download what you want to keep.",
        ),
        StorageFault::Full { needed, free } => {
            let size = |n: &u64| bytes(*n as f64);
            let what = match (needed.as_ref().map(size), free.as_ref().map(size)) {
                (Some(needed), Some(free)) => {
                    format!("There is no room to store this: it takes {needed}, {free} are left.")
                }
                (Some(needed), None) => format!("There is no room to store this: it takes {needed}."),
                (None, Some(free)) => format!("There is no room to store this: {free} are left."),
                (None, None) => "There is no room to store this.".to_owned(),
            };
            explain(
                what,
                "Delete runs or kept images at the page Runs, then try again. What was stored before is unharmed.",
            )
        }
        StorageFault::Held { what } => {
            explain(format!("Another tab of this site has {what} open."), "Close that tab, or go on there.")
        }
        StorageFault::Damaged { what, detail } => explain(
            format!("What was stored of {what} cannot be read ({detail})."),
            "Delete it to free the room; nothing else is harmed.",
        ),
        StorageFault::OtherVersion { what, found } => explain(
            format!("What was stored of {what} is in another version's format (number {found})."),
            "Reload the page to get the newest version. If it stays, delete it.",
        ),
        StorageFault::Denied { detail } => explain(
            format!("The browser does not let this site store anything ({detail})."),
            "Allow this site to store data in the browser's settings, then reload.",
        ),
        StorageFault::NotFound { what } => explain(
            format!("There is nothing stored of {what} any more."),
            "Another tab may have deleted it: reload the page.",
        ),
    }
}
