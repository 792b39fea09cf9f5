//! Words about what the training runs on.

use crate::protocol::DeviceChoice;

pub const TITLE: &str = "Device";
pub const NOT_ASKED: &str = "Looked for when the training program is loaded.";
pub const LOOKING: &str = "Looking for a device";
pub const WEBGPU: &str = "GPU (WebGPU)";
pub const CPU: &str = "CPU";
pub const SOFTWARE: &str = "This browser's WebGPU is emulated by software, which is slower than the CPU itself.";
pub const CHOICE: &str = "Run on";
pub const MORE: &str = "More help";

pub fn choice(choice: DeviceChoice) -> &'static str {
    match choice {
        DeviceChoice::Auto => "Automatic",
        DeviceChoice::WebGpu => "WebGPU",
        DeviceChoice::Cpu => "CPU",
    }
}
