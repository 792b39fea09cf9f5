//! Starts the worker; everything else is `simclr_lab::worker`.

fn main() {
    #[cfg(target_arch = "wasm32")]
    simclr_lab::worker::start();
}
