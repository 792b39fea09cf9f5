//! The picture of the gradient's step: points on a circle that can be dragged
//! or turned by keys, and the arrows along which the loss moves them.

use super::state::NtXentSignals;
use crate::app::reactive::{act, live, memo};
use crate::app::text::nt_xent as text;
use crate::core::lesson::nt_xent::embeddings::{Embeddings, Relation, class_letter};
use crate::core::lesson::nt_xent::projection::Projection;
use leptos::prelude::*;
use leptos::svg::Svg;
use std::fmt::Write;

/// Half of the picture's width, in radii of the circle.
const HALF: f64 = 1.3;
/// Degrees that one press of a key turns a point by, and with Shift.
const TURN: f64 = 5.0;
const FINE: f64 = 1.0;
/// Degrees at which the key End puts a point; the key Home puts it at 0.
const END: f64 = 359.0;
/// Radius of a point.
const POINT: f64 = 0.11;
/// Length of the arrow of the longest possible force between two views.
const ARROW: f64 = 0.8;
/// Arrows shorter than this are not drawn.
const SHORTEST: f64 = 0.01;

/// The picture. `moved` is called after each change by hand.
pub fn circle(state: NtXentSignals, moved: impl Fn() + Copy + Send + Sync + 'static) -> AnyView {
    let (embeddings, tau) = (state.embeddings, state.tau);
    let on_circle = memo(move || embeddings.with(Embeddings::is_circle));
    let plane = memo(move || {
        on_circle.get();
        embeddings.with_untracked(Projection::of)
    });
    let views = memo(move || embeddings.with(Embeddings::views));
    let under = move || embeddings.with(|e| plane.with(|plane| lines(e, plane)));
    let over = move || embeddings.with(|e| plane.with(|plane| arrows(e, plane, tau.get())));
    let svg = NodeRef::<Svg>::new();
    let held = RwSignal::new(None::<usize>);
    let drag = move |event: leptos::ev::PointerEvent| {
        let (Some(view), Some(svg)) = (held.get_untracked(), svg.get_untracked()) else { return };
        let frame = svg.get_bounding_client_rect();
        let at = |from: i32, low: f64, size: f64| ((f64::from(from) - low) / size * 2.0 - 1.0) * HALF;
        let x = at(event.client_x(), frame.left(), frame.width());
        let y = -at(event.client_y(), frame.top(), frame.height());
        plane.with_untracked(|plane| embeddings.update(|e| plane.drag(e, view, (x, y))));
        moved();
    };
    let point = move |view: usize| {
        // The point may have been removed just now.
        let own = move |e: &Embeddings| view.min(e.views() - 1);
        let place = move || embeddings.with(|e| plane.with(|plane| plane.project(e.point(own(e)))));
        let name = move || embeddings.with(|e| text::view_of(e, own(e)));
        let short = move || embeddings.with(|e| text::point(e, own(e)));
        let kind =
            move || format!("ring-point class-{}", embeddings.with(|e| class_letter(e.class(view % e.images()))));
        let angle = move || embeddings.with(|e| plane.with(|plane| plane.degrees(e.point(own(e)))));
        let degrees = move || angle().round() % 360.0;
        let turn = move |event: leptos::ev::KeyboardEvent| {
            let step = if event.shift_key() { FINE } else { TURN };
            let now = angle();
            let by = match event.key().as_str() {
                "ArrowRight" | "ArrowUp" => step,
                "ArrowLeft" | "ArrowDown" => -step,
                "Home" => -now,
                "End" => END - now,
                _ => return,
            };
            event.prevent_default();
            // Else the lesson would change its step.
            event.stop_propagation();
            plane.with_untracked(|plane| embeddings.update(|e| plane.turn(e, view, by.to_radians())));
            moved();
        };
        let take = move |event: leptos::ev::PointerEvent| {
            let _ = event_target::<web_sys::Element>(&event).set_pointer_capture(event.pointer_id());
            held.set(Some(view));
        };
        view! {
            <g
                class=kind
                tabindex="0"
                role="slider"
                aria-label=name
                aria-valuemin="0"
                aria-valuemax="359"
                aria-valuenow=move || degrees().to_string()
                aria-valuetext=move || text::degrees(degrees())
                transform=move || format!("translate({:.4} {:.4})", place().0, -place().1)
                on:keydown=act(turn)
                on:pointerdown=act(take)
            >
                <circle r=POINT />
                <text>{short}</text>
            </g>
        }
        .into_any()
    };
    let size = format!("{} {} {} {}", -HALF, -HALF, 2.0 * HALF, 2.0 * HALF);
    view! {
        <svg
            class="ring"
            viewBox=size
            node_ref=svg
            role="group"
            aria-label=text::RING
            on:pointermove=act(drag)
            on:pointerup=act(move |_| held.set(None))
            on:pointercancel=act(move |_| held.set(None))
        >
            <g aria-hidden="true" inner_html=under></g>
            {live(move || (0..views.get()).map(point).collect_view())}
            <g aria-hidden="true" class="ring-arrows" inner_html=over></g>
        </svg>
    }
    .into_any()
}

/// The circle, and a line between the two views of each image.
fn lines(embeddings: &Embeddings, plane: &Projection) -> String {
    let mut out = String::from("<circle r=\"1\" class=\"ring-edge\"/>");
    let n = embeddings.images();
    for image in 0..n {
        let [(x, y), (u, v)] = [image, image + n].map(|view| plane.project(embeddings.point(view)));
        let _ = write!(out, "<path class=\"ring-pair\" d=\"M{x:.3} {:.3}L{u:.3} {:.3}\"/>", -y, -v);
    }
    out
}

/// The forces that pull and push each point, projected on the plane.
fn arrows(embeddings: &Embeddings, plane: &Projection, tau: f64) -> String {
    let forces = embeddings.forces(tau);
    let scale = ARROW / embeddings.longest_force(tau);
    let kinds = [(Relation::Positive, "pull"), (Relation::Negative, "push"), (Relation::FalseNegative, "false")];
    let mut out = String::new();
    for view in 0..embeddings.views() {
        let (x, y) = plane.project(embeddings.point(view));
        for (relation, class) in kinds {
            let (u, v) = plane.project(&embeddings.total_force(&forces, view, relation));
            let (u, v) = (u * scale, v * scale);
            let length = u.hypot(v);
            if length < SHORTEST {
                continue;
            }
            // From the point's edge. The head is two strokes back from the tip.
            let (a, b) = (u / length, v / length);
            let (x, y) = (x + POINT * a, y + POINT * b);
            let back = 0.06_f64.min(length / 2.0);
            let [left, right] = [0.6, -0.6].map(|side| (x + u - back * (a + side * b), y + v - back * (b - side * a)));
            let _ = write!(
                out,
                "<path class=\"{class}\" d=\"M{x:.3} {:.3}L{:.3} {:.3}M{:.3} {:.3}L{:.3} {:.3}L{:.3} {:.3}\"/>",
                -y,
                x + u,
                -(y + v),
                left.0,
                -left.1,
                x + u,
                -(y + v),
                right.0,
                -right.1
            );
        }
    }
    out
}
