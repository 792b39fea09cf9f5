//! A server over the browser's `fetch`. The page's content security policy says which hosts it
//! reaches, redirects included.

use super::server::{Answer, Body, Server};
use crate::worker::js::describe;
use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use std::ops::Range;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortSignal, ReadableStreamDefaultReader, Response};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetch)]
    fn fetch(url: &str, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(then: &Function, milliseconds: u32) -> JsValue;
}

pub struct Browser {
    signal: AbortSignal,
}

impl Browser {
    /// All its requests end with `signal`.
    pub fn new(signal: AbortSignal) -> Self {
        Self { signal }
    }

    async fn answer(&self, url: &str, range: Option<Range<u64>>) -> Result<Answer<Stream>, JsValue> {
        let options = Object::new();
        // The address is all that the host is told.
        for (name, value) in [("credentials", "omit"), ("referrerPolicy", "no-referrer"), ("cache", "no-store")] {
            Reflect::set(&options, &name.into(), &value.into())?;
        }
        Reflect::set(&options, &"signal".into(), &self.signal)?;
        if let Some(Range { start, end }) = range {
            let headers = Object::new();
            Reflect::set(&headers, &"Range".into(), &format!("bytes={start}-{}", end - 1).into())?;
            Reflect::set(&options, &"headers".into(), &headers)?;
        }
        let response: Response = JsFuture::from(fetch(url, &options)?).await?.dyn_into()?;
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
        let elapsed = Promise::new(&mut |resolve, _| drop(set_timeout(&resolve, milliseconds)));
        // It can't be rejected.
        let _ = JsFuture::from(elapsed).await;
    }
}

/// What of a response is still to come.
pub struct Stream {
    reader: Option<ReadableStreamDefaultReader>,
}

impl Stream {
    async fn part(&mut self) -> Result<Option<Vec<u8>>, JsValue> {
        let Some(reader) = &self.reader else { return Ok(None) };
        let part = JsFuture::from(reader.read()).await?;
        if Reflect::get(&part, &"done".into())?.is_truthy() {
            self.reader = None;
            return Ok(None);
        }
        Ok(Some(Reflect::get(&part, &"value".into())?.dyn_into::<Uint8Array>()?.to_vec()))
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
            // Of a connection that broke this fails, which is nobody's business.
            spawn_local(async move { drop(JsFuture::from(reader.cancel()).await) });
        }
    }
}
