//! Starts the page; everything else is `simclr_lab::app`.

fn main() {}
