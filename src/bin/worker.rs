//! Starts the worker; everything else is `simclr_lab::worker`.

fn main() {}
