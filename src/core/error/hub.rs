//! What keeps published weights from being fetched.

use serde::{Deserialize, Serialize};

/// Why a file did not come; what is wrong with the weights in one that did is a
/// [`WeightsFault`](crate::core::weights::WeightsFault).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HubFault {
    /// No answer at all: no connection, or a server that does not let this page in.
    Unreachable { address: String, detail: String },
    /// The connection broke again and again. What came is kept, in bytes, and fetching goes on
    /// from there.
    Interrupted { received: u64, total: u64, detail: String },
    /// The server answered with something else than the file.
    Status { address: String, status: u16 },
    /// Another file than the one that was expected, in bytes.
    WrongLength { expected: u64, found: u64 },
    /// The file has the right length and other contents than were published.
    WrongSum { expected: String, found: String },
}
