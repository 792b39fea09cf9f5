//! One image of the set on a canvas.

use crate::core::report::Picture as Pixels;
use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, ImageData};

/// Draws `pixels` at its own size; style decides how large it looks. `alt` is
/// what a screen reader says.
#[component]
pub fn Picture(#[prop(into)] pixels: Signal<Pixels>, #[prop(into)] alt: Signal<String>) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    Effect::new(move || {
        let Some(canvas) = canvas.get() else { return };
        pixels.with(|p| {
            canvas.set_width(p.size);
            canvas.set_height(p.size);
            let context = canvas.get_context("2d").ok().flatten();
            let context = context.and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok());
            let data = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&p.rgba), p.size, p.size);
            if let (Some(context), Ok(data)) = (context, data) {
                let _ = context.put_image_data(&data, 0.0, 0.0);
            }
        });
    });
    view! { <canvas node_ref=canvas class="picture" role="img" aria-label=alt></canvas> }
}
