//! Leptos' reactive values over boxed closures. Leptos makes code of its own for every closure that it is given; boxed,
//! there is one per type of value. This is a good part of the page's download.

use leptos::prelude::*;
use std::cell::RefCell;
use std::collections::VecDeque;

/// A value computed from others that notifies only of changes; see [`Memo`].
pub fn memo<T: PartialEq + Send + Sync + 'static>(f: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    fn of<T: PartialEq + Send + Sync + 'static>(f: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T> {
        Memo::new(move |_| f())
    }
    of(Box::new(f))
}

/// A value computed from others at each reading; see [`Signal::derive`].
pub fn derive<T: Send + Sync + 'static>(f: impl Fn() -> T + Send + Sync + 'static) -> Signal<T> {
    fn of<T: Send + Sync + 'static>(f: Box<dyn Fn() -> T + Send + Sync>) -> Signal<T> {
        Signal::derive(f)
    }
    of(Box::new(f))
}

thread_local! {
    /// What waits for an animation frame of its own.
    static TURNS: RefCell<VecDeque<Box<dyn FnOnce()>>> = const { RefCell::new(VecDeque::new()) };
}

/// A count that rises after `track` notices a change, in an animation frame that no other such count has: a page that drew
/// all its charts in one frame would hold up clicks.
pub fn turns(track: impl Fn() + 'static) -> RwSignal<u32> {
    let (count, waits) = (RwSignal::new(0), RwSignal::new(false));
    Effect::new(move |before: Option<()>| {
        track();
        if before.is_none() || waits.get_untracked() {
            return;
        }
        waits.set(true);
        turn(Box::new(move || {
            // Some once the component is gone.
            if waits.try_set(false).is_none() {
                count.update(|count| *count += 1);
            }
        }));
    });
    count
}

fn turn(f: Box<dyn FnOnce()>) {
    let alone = TURNS.with_borrow_mut(|turns| {
        turns.push_back(f);
        turns.len() == 1
    });
    if alone {
        request_animation_frame(next_turn);
    }
}

fn next_turn() {
    if let Some(f) = TURNS.with_borrow_mut(VecDeque::pop_front) {
        f();
    }
    if TURNS.with_borrow(|turns| !turns.is_empty()) {
        request_animation_frame(next_turn);
    }
}

/// A condition.
pub struct When(Box<dyn Fn() -> bool + Send + Sync>);

impl<F: Fn() -> bool + Send + Sync + 'static> From<F> for When {
    fn from(f: F) -> Self {
        Self(Box::new(f))
    }
}

/// Shows its children while `when` holds, else `fallback`, as Leptos' own `Show` does.
#[component]
pub fn Show(#[prop(into)] when: When, children: ChildrenFn, #[prop(optional, into)] fallback: ViewFn) -> AnyView {
    let holds = ArcMemo::new(move |_| (when.0)());
    (move || if holds.get() { children() } else { fallback.run() }).into_any()
}

/// A part of a view that changes with its signals: `{live(move || …)}` in place of `{move || …}`.
pub fn live<V: IntoView + 'static>(f: impl Fn() -> V + Send + Sync + 'static) -> AnyView {
    fn of(f: Box<dyn Fn() -> AnyView + Send + Sync>) -> AnyView {
        (move || f()).into_any()
    }
    of(Box::new(move || f().into_any()))
}

/// A boxed event handler: `on:click=act(move |event| …)`.
pub fn act<E: 'static>(f: impl FnMut(E) + 'static) -> Box<dyn FnMut(E)> {
    Box::new(f)
}
