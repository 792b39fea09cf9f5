//! The page "Help": WebGPU by cause, privacy, questions people ask.

use crate::app::parts::stored_runs::DeleteStored;
use crate::app::parts::widgets::{Ask, PageHead};
use crate::app::text::help as text;
use leptos::prelude::*;

#[component]
pub fn Help() -> impl IntoView {
    let question = RwSignal::new(None);
    view! {
        <PageHead title=text::TITLE lead=text::LEAD />
        <section class="stack" aria-labelledby="help-gpu">
            <h2 id="help-gpu">{text::GPU}</h2>
            <p>{text::GPU_LEAD}</p>
            <p class="notice">
                <span>
                    <strong>{text::THIS_BROWSER}</strong>
                    " "
                    {this_browser()}
                </span>
            </p>
            <dl class="causes">
                {text::GPU_CAUSES
                    .map(|(cause, todo)| {
                        view! {
                            <div>
                                <dt>{cause}</dt>
                                <dd>{todo}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
        </section>
        <section class="stack" aria-labelledby="help-privacy">
            <h2 id="help-privacy">{text::PRIVACY}</h2>
            {text::PRIVACY_TEXT.map(|p| view! { <p>{p}</p> }).collect_view()}
            <DeleteStored question=question />
            <Ask question=question />
        </section>
        <section class="stack" aria-labelledby="help-questions">
            <h2 id="help-questions">{text::QUESTIONS}</h2>
            <div class="questions">
                {text::ANSWERS
                    .map(|(question, answer)| {
                        view! {
                            <details>
                                <summary>{question}</summary>
                                <p>{answer}</p>
                            </details>
                        }
                    })
                    .collect_view()}
            </div>
        </section>
    }
}

/// What can be told without loading the training program.
fn this_browser() -> &'static str {
    let has_api = js_sys::Reflect::get(&window().navigator(), &"gpu".into()).is_ok_and(|gpu| gpu.is_truthy());
    if !window().is_secure_context() {
        text::NOT_SECURE
    } else if has_api {
        text::HAS_API
    } else {
        text::NO_API
    }
}
