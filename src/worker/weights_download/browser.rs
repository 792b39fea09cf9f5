//! A server over the browser's `fetch`. The page's content security policy says which hosts it reaches,
//! redirects included.

use super::{Answer, Body, Server};
use crate::worker::js::{describe, scope};
use js_sys::{Promise, Uint8Array};
use std::ops::Range;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    AbortSignal, Headers, ReadableStreamDefaultReader, ReadableStreamReadResult, ReferrerPolicy, RequestCache,
    RequestCredentials, RequestInit, Response,
};

pub struct Browser {
    signal: AbortSignal,
}

impl Browser {
    /// A server whose requests all end when `signal` aborts.
    pub fn new(signal: AbortSignal) -> Self {
        Self { signal }
    }

    async fn answer(&self, url: &str, range: Option<Range<u64>>) -> Result<Answer<Stream>, JsValue> {
        let options = RequestInit::new();
        // The host learns the address and nothing else.
        options.set_credentials(RequestCredentials::Omit);
        options.set_referrer_policy(ReferrerPolicy::NoReferrer);
        options.set_cache(RequestCache::NoStore);
        options.set_signal(Some(&self.signal));
        if let Some(Range { start, end }) = range {
            let headers = Headers::new()?;
            headers.set("Range", &format!("bytes={start}-{}", end - 1))?;
            options.set_headers_headers(&headers);
        }
        let response = JsFuture::from(scope().fetch_with_str_and_init(url, &options)).await?;
        let response: Response = response.dyn_into()?;
        let header = |name: &str| response.headers().get(name).ok().flatten();
        let reader = response.body().map(|body| body.get_reader().unchecked_into());
        Ok(Answer {
            status: response.status(),
            range: header("content-range"),
            etag: header("etag"),
            body: Stream { reader },
        })
    }
}

impl Server for Browser {
    type Body = Stream;

    async fn get(&self, url: &str, range: Option<Range<u64>>) -> Result<Answer<Stream>, String> {
        self.answer(url, range).await.map_err(|e| describe(&e))
    }

    async fn rest(&self, milliseconds: u32) {
        let elapsed = Promise::new(&mut |resolve, _| {
            drop(scope().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds as i32));
        });
        // A timer is never rejected.
        let _ = JsFuture::from(elapsed).await;
    }
}

/// The rest of a response's body.
pub struct Stream {
    reader: Option<ReadableStreamDefaultReader>,
}

impl Stream {
    async fn part(&mut self) -> Result<Option<Vec<u8>>, JsValue> {
        let Some(reader) = &self.reader else { return Ok(None) };
        let part: ReadableStreamReadResult = JsFuture::from(reader.read()).await?.unchecked_into();
        if part.get_done() == Some(true) {
            self.reader = None;
            return Ok(None);
        }
        Ok(Some(part.get_value().dyn_into::<Uint8Array>()?.to_vec()))
    }
}

impl Body for Stream {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        self.part().await.map_err(|e| describe(&e))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            // Cancelling a broken connection fails; that changes nothing.
            spawn_local(async move { drop(JsFuture::from(reader.cancel()).await) });
        }
    }
}
