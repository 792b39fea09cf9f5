//! One module a page.

pub mod evaluate;
pub mod fine_tune;
pub mod help;
pub mod home;
pub mod images;
pub mod lars;
pub mod nt_xent;
pub mod pretrain;
pub mod runs;
pub mod try_it;
