//! Every word that a user reads: a module a page, and some that pages share. Elsewhere stands only the `detail` of a
//! fault, which the code that finds it writes, and what `core` writes into an archive.

pub mod confidence;
pub mod evaluate;
pub mod fault;
pub mod fine_tune;
pub mod help;
pub mod home;
pub mod images;
pub mod lars;
pub mod layout;
pub mod lesson;
pub mod nt_xent;
pub mod parts;
pub mod pretrain;
pub mod queue;
pub mod runs;
pub mod settings;
pub mod starts;
pub mod try_it;
pub mod units;
pub mod weights;

/// Cause and remedy of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub what: String,
    pub todo: String,
}

fn explain(what: impl Into<String>, todo: impl Into<String>) -> Explanation {
    Explanation { what: what.into(), todo: todo.into() }
}
