//! Finds the device: WebGPU on a hardware adapter, else burn's CPU backend.

use super::js::{describe, get, scope};
use crate::core::error::{DeviceFault, Fault};
use crate::core::report::{Backend, DeviceReport};
use crate::protocol::DeviceChoice;
use burn::tensor::Device;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// A device to compute on.
#[derive(Clone)]
pub struct Compute {
    /// Without autodiff.
    pub device: Device,
    pub report: DeviceReport,
    /// Most bytes that one tensor may take.
    pub max_binding: u64,
}

/// What the browser says of its graphics adapter.
struct Adapter {
    name: String,
    software: bool,
    max_binding: u64,
}

#[cfg(feature = "gpu")]
thread_local! {
    /// burn refuses a second initialisation, so the first one is kept.
    static WEBGPU: std::cell::RefCell<Option<Device>> = const { std::cell::RefCell::new(None) };
}

/// Opens the device for `choice`. With [`DeviceChoice::Auto`] a missing or
/// emulated GPU is not a fault: the CPU backend takes over, and the report says why.
pub async fn open(choice: DeviceChoice) -> Result<Compute, Fault> {
    if choice == DeviceChoice::Cpu {
        return Ok(cpu(None, false));
    }
    let adapter = match adapter().await {
        Ok(adapter) => adapter,
        Err(fault) if choice == DeviceChoice::Auto => return Ok(cpu(Some(fault), false)),
        Err(fault) => return Err(Fault::Device(fault)),
    };
    // Emulated WebGPU was measured at a fifteenth of the CPU backend's speed.
    if adapter.software && choice == DeviceChoice::Auto {
        return Ok(cpu(None, true));
    }
    match webgpu().await {
        Ok(device) => Ok(Compute {
            device,
            max_binding: adapter.max_binding,
            report: DeviceReport {
                backend: Backend::WebGpu,
                name: adapter.name,
                software: adapter.software,
                why_not_gpu: None,
            },
        }),
        Err(fault) if choice == DeviceChoice::Auto => Ok(cpu(Some(fault), false)),
        Err(fault) => Err(Fault::Device(fault)),
    }
}

fn cpu(why_not_gpu: Option<DeviceFault>, software: bool) -> Compute {
    Compute {
        device: Device::flex(),
        // The limit is the 32-bit memory of wasm; one tensor stays well below it.
        max_binding: 1 << 30,
        report: DeviceReport { backend: Backend::Cpu, name: String::new(), software, why_not_gpu },
    }
}

#[cfg(not(feature = "gpu"))]
async fn webgpu() -> Result<Device, DeviceFault> {
    Err(DeviceFault::NoApi)
}

#[cfg(feature = "gpu")]
async fn webgpu() -> Result<Device, DeviceFault> {
    if let Some(device) = WEBGPU.with_borrow(Clone::clone) {
        return Ok(device);
    }
    let (device, setup) = Device::wgpu_options()
        .init_with_setup_async()
        .await
        .map_err(|error| DeviceFault::NoDevice { detail: error.to_string() })?;
    setup.device.set_device_lost_callback(|_, detail| {
        WEBGPU.with_borrow_mut(Option::take);
        super::mailbox::fail(None, Fault::Device(DeviceFault::Lost { detail }));
    });
    WEBGPU.with_borrow_mut(|kept| *kept = Some(device.clone()));
    Ok(device)
}

/// Asks for an adapter through plain JavaScript: web-sys has WebGPU behind an
/// unstable flag, and only a few fields are needed.
async fn adapter() -> Result<Adapter, DeviceFault> {
    let scope = scope();
    if !scope.is_secure_context() {
        return Err(DeviceFault::InsecureOrigin);
    }
    let gpu = get(&scope.navigator(), "gpu");
    if gpu.is_undefined() || gpu.is_null() {
        return Err(DeviceFault::NoApi);
    }
    let options = js_sys::Object::new();
    let _ = Reflect::set(&options, &"powerPreference".into(), &"high-performance".into());
    let request: Function = get(&gpu, "requestAdapter").dyn_into().map_err(|_| DeviceFault::NoApi)?;
    let promise: Promise = request
        .call1(&gpu, &options)
        .and_then(JsCast::dyn_into)
        .map_err(|e| DeviceFault::NoDevice { detail: describe(&e) })?;
    let adapter = JsFuture::from(promise).await.map_err(|e| DeviceFault::NoDevice { detail: describe(&e) })?;
    if adapter.is_null() || adapter.is_undefined() {
        return Err(DeviceFault::NoAdapter);
    }
    let info = get(&adapter, "info");
    let words: Vec<String> = ["vendor", "architecture", "device", "description"]
        .iter()
        .filter_map(|field| get(&info, field).as_string())
        .filter(|word| !word.is_empty())
        .collect();
    let software = get(&info, "isFallbackAdapter").is_truthy()
        || get(&adapter, "isFallbackAdapter").is_truthy()
        || words.iter().any(|word| word.to_lowercase().contains("swiftshader"));
    let limit = get(&get(&adapter, "limits"), "maxStorageBufferBindingSize").as_f64().unwrap_or(128e6);
    Ok(Adapter { name: words.join(" "), software, max_binding: limit as u64 })
}
