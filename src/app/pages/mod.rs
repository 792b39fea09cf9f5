//! One module a page.

pub mod classify;
pub mod data;
pub mod evaluate;
pub mod fine_tune;
pub mod help;
pub mod home;
pub mod lars;
pub mod nt_xent;
pub mod pretrain;
pub mod runs;
