//! A lesson's state on the page: the step shown, the questions answered, and how
//! the address and the browser's storage follow them.

use crate::app::{browser, router::replace_query, text::lesson::LessonStep};
use crate::core::error::ConfigFault;
use crate::core::lesson::position::{LessonLink, LessonPosition, LessonProgress, LessonState};
use leptos::prelude::*;
use std::time::Duration;

/// Shortest time between two changes of the address.
const PAUSE: Duration = Duration::from_millis(250);
/// Time from a change of a value to a change of the address: the page is drawn first.
const SOON: Duration = Duration::from_millis(50);

/// The name and words of a lesson.
pub struct Lesson {
    /// Last part of its address, and of its key in the browser's storage.
    pub name: &'static str,
    pub title: &'static str,
    pub lead: &'static str,
    pub steps: &'static [LessonStep],
}

/// The step shown and the questions answered; `Copy`.
#[derive(Clone, Copy)]
pub struct Visit {
    pub lesson: &'static Lesson,
    pub position: RwSignal<LessonPosition>,
    pub progress: RwSignal<LessonProgress>,
}

impl Visit {
    /// Reads the address, which comes first, and the progress of earlier visits.
    /// Returns also the lesson's values and the faults of the address.
    pub fn open<S: LessonState>(lesson: &'static Lesson) -> (Self, S, Vec<ConfigFault>) {
        let earlier = browser::remembered(&key(lesson)).unwrap_or_default();
        let steps = lesson.steps.len();
        let progress = LessonProgress::from_text(&earlier, steps);
        let query = window().location().search().unwrap_or_default();
        let (link, faults) = LessonLink::parse(&query, steps, progress.step);
        (Self { lesson, position: RwSignal::new(link.position), progress: RwSignal::new(progress) }, link.state, faults)
    }

    /// Index of the last step.
    pub fn last(self) -> usize {
        self.lesson.steps.len() - 1
    }

    /// From now on the browser's storage follows the progress, and the address follows the position and `state`.
    pub fn follow<S: LessonState>(self, state: impl Fn() -> S + Send + Sync + 'static) {
        let query: Box<dyn Fn() -> String + Send + Sync> =
            Box::new(move || LessonLink { position: self.position.get(), state: state() }.to_query());
        // Browsers refuse an address that changes with every frame of a drag.
        let waiting = StoredValue::new(None::<TimeoutHandle>);
        let last = StoredValue::new(f64::NEG_INFINITY);
        let stop = move || {
            if let Some(Some(handle)) = waiting.try_update_value(Option::take) {
                handle.clear();
            }
        };
        on_cleanup(stop);
        Effect::new(move |_| {
            let query = query();
            let write = move || {
                last.try_set_value(js_sys::Date::now());
                replace_query(&["/lesson/", self.lesson.name].concat(), &["?", &query].concat());
            };
            stop();
            let rests = js_sys::Date::now() - last.get_value() < PAUSE.as_millis() as f64;
            waiting.set_value(set_timeout_with_handle(write, if rests { PAUSE } else { SOON }).ok());
        });
        Effect::new(move |_| {
            let mut progress = self.progress.get();
            if let LessonPosition::Step(step) = self.position.get() {
                progress.step = step;
            }
            // At once: a visitor may leave right after an answer.
            browser::remember(&key(self.lesson), Some(&progress.to_text()));
        });
    }
}

fn key(lesson: &Lesson) -> String {
    ["simclr-lab.lesson.", lesson.name].concat()
}
