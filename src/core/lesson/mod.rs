//! The arithmetic and the state of the lessons. A lesson's page computes only through these modules.
//!
//! | module | holds |
//! |---|---|
//! | [`nt_xent`] | the NT-Xent lesson |
//! | [`lars`] | the LARS lesson |
//! | [`position`] | where in a lesson a visitor is, and how an address and the browser hold it |

pub mod lars;
pub mod nt_xent;
pub mod position;
