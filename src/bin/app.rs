//! Starts the page; everything else is `simclr_lab::app`.

fn main() {
    #[cfg(target_arch = "wasm32")]
    simclr_lab::app::start();
}
