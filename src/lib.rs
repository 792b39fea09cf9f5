//! SimCLR Lab: self-supervised pre-training in a browser tab.
//!
//! The dependency rule, in one sentence: [`core`] depends on no other layer; `app` and `worker` speak only through
//! [`protocol`]; `app` never links burn, and `learn` never names Leptos or web-sys. Cargo features make the most of it
//! a compile-time wall (see Cargo.toml), `tests/layers.rs` keeps the rest.
//!
//! | module | holds | may use |
//! |---|---|---|
//! | [`core`] | the method's arithmetic and types on plain slices | nothing |
//! | [`protocol`] | messages between page and worker | `core` |
//! | `learn` | tensors: encoders, loss, optimisers, training | `core`, burn |
//! | `worker` | images, device, mailbox | `core`, `protocol`, `learn` |
//! | `app` | the page | `core`, `protocol`, Leptos |

pub mod core;
#[cfg(any(feature = "app", feature = "worker"))]
pub mod protocol;

#[cfg(feature = "learn")]
pub mod learn;

#[cfg(feature = "worker")]
pub mod worker;

#[cfg(feature = "app")]
pub mod app;
