//! Fetches the tensors of an encoder from a published file: by ranges of bytes where the server gives them,
//! else out of the whole file.

use super::stored::{self, Note, PREFIX, Plan, StoredFile, header_length, hex};
use super::{Answer, Body, ContentRange, DownloadWatch, Server, Wanted};
use crate::core::error::{DownloadFault, Fault};
use crate::core::weights_file::WeightsFault;
use crate::worker::open_weights::not_weights;
use crate::worker::storage::{FileSystem, OpenFile, Storage};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Bytes of the first request: enough to tell what a file is.
const FIRST: u64 = 1024;
/// Failures in a row after which the download fails.
const TRIES: u32 = 4;
/// Milliseconds between the first failure in a row and the next try, doubled after each further one. Every
/// [`NAP`] milliseconds of them a cancel is noticed.
const REST: u32 = 500;
const NAP: u32 = 100;

/// The weights of an encoder: opens the stored ones, or fetches and stores them. A fetch that was cut off
/// continues where it stopped.
///
/// # Errors
/// As [`stored::open`] and a fetch have it.
pub async fn open_or_fetch<F: FileSystem, S: Server>(
    storage: &Storage<F>,
    server: &S,
    wanted: &Wanted<'_>,
    watch: &dyn DownloadWatch,
) -> Result<StoredFile<F::OpenFile>, Fault> {
    match stored::open(storage, wanted).await? {
        Some(file) => Ok(file),
        None => StoredFile::open(Fetch::new(storage, server, wanted, watch).run().await?),
    }
}

struct Fetch<'a, F: FileSystem, S> {
    storage: &'a Storage<F>,
    server: &'a S,
    wanted: &'a Wanted<'a>,
    watch: &'a dyn DownloadWatch,
    /// The stored file, open as soon as there is a plan.
    file: Option<F::OpenFile>,
    /// `ETag` of the published file.
    etag: Option<String>,
    /// Failures in a row.
    failures: u32,
    answered: bool,
    received: u64,
    total: u64,
}

/// The result of the first requests.
enum Beginning<B> {
    Planned(Plan),
    /// The server gives no ranges; the answer, if there is one, holds the whole file.
    Whole(Option<Answer<B>>),
}

impl<'a, F: FileSystem, S: Server> Fetch<'a, F, S> {
    fn new(storage: &'a Storage<F>, server: &'a S, wanted: &'a Wanted<'a>, watch: &'a dyn DownloadWatch) -> Self {
        let (file, etag) = (None, None);
        Self { storage, server, wanted, watch, file, etag, failures: 0, answered: false, received: 0, total: 0 }
    }

    /// Fetches what is missing and returns the complete file.
    ///
    /// # Errors
    /// [`Fault::Download`], [`Fault::Weights`] where it is another file, [`Fault::Storage`]; [`Fault::Stopped`]
    /// if the visitor cancelled. What was received stays stored, unless it was wrong.
    async fn run(mut self) -> Result<F::OpenFile, Fault> {
        let plan = match self.beginning().await? {
            Beginning::Whole(answer) => self.whole(answer).await?,
            Beginning::Planned(plan) => match self.ranges(&plan).await? {
                true => plan,
                false => self.whole(None).await?,
            },
        };
        let file = self.file.take().ok_or(Fault::Stopped)?;
        file.flush()?;
        let sha256 = Some(stored::sha256(&file)?);
        let note = Note { sha256, ..self.note(&plan) };
        stored::save_note(self.storage, self.wanted.encoder, &note).await?;
        Ok(file)
    }

    /// The header of the published file.
    async fn beginning(&mut self) -> Result<Beginning<S::Body>, Fault> {
        let mut head = Vec::new();
        let mut need = FIRST;
        loop {
            let asked = head.len() as u64..need;
            let Some(answer) = self.ask(Some(asked.clone())).await? else { continue };
            match self.total_of(&answer, &asked) {
                None => return Ok(Beginning::Whole(Some(answer).filter(|a| a.status == 200))),
                Some(total) => {
                    let mut body = answer.body;
                    let before = head.len();
                    while (head.len() as u64) < need
                        && let Ok(Some(bytes)) = body.next().await
                    {
                        head.extend(bytes);
                    }
                    head.truncate(need as usize);
                    match head.len() > before {
                        true => self.failures = 0,
                        false => self.failed("nothing came").await?,
                    }
                    if let Some(plan) = self.plan(&head)? {
                        self.same_length(&plan, total)?;
                        return Ok(Beginning::Planned(plan));
                    }
                    if total.is_some_and(|total| total <= head.len() as u64) {
                        return Err(ended(&head).into());
                    }
                    if let Some(length) = header_length(&head)? {
                        need = (PREFIX + length) as u64;
                    }
                }
            }
        }
    }

    /// Fetches range after range; false if the server's ranges can't be trusted.
    async fn ranges(&mut self, plan: &Plan) -> Result<bool, Fault> {
        let mut done = self.begin(plan, false).await?;
        self.tell(done, plan.stored)?;
        while let Some(range) = plan.next(done) {
            let Some(answer) = self.ask(Some(range.clone())).await? else { continue };
            match self.total_of(&answer, &range) {
                None => return Ok(false),
                Some(total) => self.same_length(plan, total)?,
            }
            let mut body = answer.body;
            let mut at = range.start;
            let mut detail = "it ended early".to_owned();
            let mut told = Ok(());
            while at < range.end && told.is_ok() {
                match body.next().await {
                    Ok(Some(bytes)) => {
                        let bytes = &bytes[..bytes.len().min((range.end - at) as usize)];
                        self.put(plan, at, bytes)?;
                        at += bytes.len() as u64;
                        done = plan.done(at);
                        self.failures = 0;
                        told = self.tell(done, plan.stored);
                    }
                    Ok(None) => break,
                    Err(said) => {
                        detail = said;
                        break;
                    }
                }
            }
            // The next fetch continues at the file's end: what was counted must survive a crash.
            self.file.as_ref().ok_or(Fault::Stopped)?.flush()?;
            told?;
            if at < range.end {
                self.failed(&detail).await?;
            }
        }
        Ok(true)
    }

    /// Takes the wanted parts from the whole file; starts again if the connection breaks.
    async fn whole(&mut self, mut answer: Option<Answer<S::Body>>) -> Result<Plan, Fault> {
        loop {
            let mut answer = match answer.take() {
                Some(answer) => answer,
                None => match self.ask(None).await? {
                    None => continue,
                    Some(answer) if answer.status == 200 => answer,
                    Some(answer) => return Err(self.status(answer.status)),
                },
            };
            // It may be another file than the one with the ranges.
            self.etag = answer.etag.take();
            match self.through(&mut answer.body).await? {
                Ok(plan) => return Ok(plan),
                Err(detail) => self.failed(&detail).await?,
            }
        }
    }

    /// One pass through the whole file; the inner error is a broken connection.
    async fn through(&mut self, body: &mut S::Body) -> Result<Result<Plan, String>, Fault> {
        let (mut head, mut plan, mut at, mut sum) = (Vec::new(), None::<Plan>, 0, Sha256::new());
        loop {
            let bytes = match body.next().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break,
                Err(detail) => return Ok(Err(detail)),
            };
            if self.wanted.published.sha256.is_some() {
                sum.update(&bytes);
            }
            let start = at;
            at += bytes.len() as u64;
            if let Some(plan) = &plan {
                self.put(plan, start, &bytes)?;
            } else {
                head.extend(bytes);
                if let Some(new) = self.plan(&head)? {
                    self.same_length(&new, None)?;
                    self.begin(&new, true).await?;
                    self.put(&new, 0, &std::mem::take(&mut head))?;
                    plan = Some(new);
                }
            }
            if let Some(new) = &plan {
                if at > new.published {
                    return Err(self.wrong_length(new.published, at).await);
                }
                self.tell(at, new.published)?;
                // Without a sum to compare, the rest is useless.
                if self.wanted.published.sha256.is_none() && new.next(new.done(at)).is_none() {
                    break;
                }
            } else {
                self.go_on()?;
            }
        }
        let Some(plan) = plan else { return Err(ended(&head).into()) };
        let pinned = self.wanted.published.sha256;
        if at < plan.published && (pinned.is_some() || plan.next(plan.done(at)).is_some()) {
            return Err(self.wrong_length(plan.published, at).await);
        }
        match pinned {
            Some(expected) if hex(&sum.clone().finalize()) != expected => {
                let (expected, found) = (expected.to_owned(), hex(&sum.finalize()));
                Err(self.forget(DownloadFault::WrongSum { expected, found }).await)
            }
            _ => Ok(Ok(plan)),
        }
    }

    /// One request; `None` if it failed and may be tried again.
    async fn ask(&mut self, range: Option<Range<u64>>) -> Result<Option<Answer<S::Body>>, Fault> {
        self.go_on()?;
        match self.server.get(self.wanted.url, range).await {
            Ok(answer) => {
                self.answered = true;
                match answer.status {
                    200 | 206 | 416 => Ok(Some(answer)),
                    // Too busy, or broken at the moment.
                    status @ (408 | 429 | 500..=599) => {
                        self.failures += 1;
                        if self.failures == TRIES {
                            return Err(self.status(status));
                        }
                        self.rest().await.map(|()| None)
                    }
                    status => Err(self.status(status)),
                }
            }
            Err(detail) => self.failed(&detail).await.map(|()| None),
        }
    }

    /// Counts a failure and waits.
    async fn failed(&mut self, detail: &str) -> Result<(), Fault> {
        self.go_on()?;
        self.failures += 1;
        let detail = detail.to_owned();
        match (self.failures < TRIES, self.answered) {
            (true, _) => self.rest().await,
            (false, true) => {
                Err(DownloadFault::Interrupted { received: self.received, total: self.total, detail }.into())
            }
            (false, false) => Err(DownloadFault::Unreachable { address: self.wanted.url.to_owned(), detail }.into()),
        }
    }

    async fn rest(&self) -> Result<(), Fault> {
        for _ in 0..(REST << (self.failures - 1)) / NAP {
            self.server.rest(NAP).await;
            self.go_on()?;
        }
        Ok(())
    }

    /// The length of the whole file, if the server gives it, in an answer that is the requested range. The
    /// outer `None` means another range, or another file than before.
    fn total_of(&mut self, answer: &Answer<S::Body>, asked: &Range<u64>) -> Option<Option<u64>> {
        if answer.status != 206 {
            return None;
        }
        if let Some(etag) = &answer.etag
            && self.etag.get_or_insert_with(|| etag.clone()) != etag
        {
            return None;
        }
        // A server may hide it from pages of other origins. Then only the bytes count.
        let Some(text) = &answer.range else { return Some(None) };
        let range = ContentRange::parse(text).filter(|range| range.answers(asked))?;
        Some(range.total)
    }

    fn plan(&self, head: &[u8]) -> Result<Option<Plan>, Fault> {
        Ok(Plan::read(head, self.wanted.encoder, self.wanted.tensors)?)
    }

    /// Compares a file's length by its header with the pinned one and with the server's.
    fn same_length(&self, plan: &Plan, told: Option<u64>) -> Result<(), Fault> {
        let pinned = self.wanted.published.length.filter(|pinned| *pinned != plan.published);
        match (pinned, told.filter(|told| *told != plan.published)) {
            (Some(expected), _) => Err(DownloadFault::WrongLength { expected, found: plan.published }.into()),
            (None, Some(found)) => Err(DownloadFault::WrongLength { expected: plan.published, found }.into()),
            (None, None) => Ok(()),
        }
    }

    /// Opens the stored file and returns how many bytes of this plan it has: at least the header, and only the
    /// header if it starts `anew`.
    async fn begin(&mut self, plan: &Plan, anew: bool) -> Result<u64, Fault> {
        let encoder = self.wanted.encoder;
        if self.file.is_none() {
            self.file = self.storage.files().open(&stored::file_path(encoder), true).await?;
        }
        let before = stored::note(self.storage, encoder).await?;
        let note = self.note(plan);
        let file = self.file.as_ref().ok_or(Fault::Stopped)?;
        let length = file.length()?;
        let fits = (plan.header.len() as u64..=plan.stored).contains(&length);
        let goes_on = !anew && before.as_ref() == Some(&note) && fits && {
            let mut header = vec![0; plan.header.len()];
            file.read(0, &mut header)?;
            header == plan.header
        };
        if goes_on {
            return Ok(length);
        }
        file.cut(0)?;
        // Empty before the note is of another file.
        file.flush()?;
        stored::save_note(self.storage, encoder, &note).await?;
        file.write(0, &plan.header)?;
        Ok(plan.header.len() as u64)
    }

    fn note(&self, plan: &Plan) -> Note {
        Note { of: self.wanted.published.path(), etag: self.etag.clone(), length: plan.stored, sha256: None }
    }

    fn put(&self, plan: &Plan, at: u64, bytes: &[u8]) -> Result<(), Fault> {
        let file = self.file.as_ref().ok_or(Fault::Stopped)?;
        Ok(plan.put(file, at, bytes)?)
    }

    fn tell(&mut self, received: u64, total: u64) -> Result<(), Fault> {
        (self.received, self.total) = (received, total);
        self.watch.received(received, total);
        self.go_on()
    }

    fn go_on(&self) -> Result<(), Fault> {
        if self.watch.cancelled() { Err(Fault::Stopped) } else { Ok(()) }
    }

    fn status(&self, status: u16) -> Fault {
        DownloadFault::Status { address: self.wanted.url.to_owned(), status }.into()
    }

    async fn wrong_length(&mut self, expected: u64, found: u64) -> Fault {
        self.forget(DownloadFault::WrongLength { expected, found }).await
    }

    /// Deletes what was received: it is useless.
    async fn forget(&mut self, fault: DownloadFault) -> Fault {
        self.file = None;
        match stored::delete(self.storage, self.wanted.encoder).await {
            Ok(()) => fault.into(),
            Err(storage) => storage.into(),
        }
    }
}

/// The fault of a file that ends before its header does.
fn ended(head: &[u8]) -> WeightsFault {
    match (head.is_empty(), header_length(head)) {
        (true, _) => WeightsFault::Empty,
        (false, Err(fault)) => fault,
        (false, Ok(Some(_))) => WeightsFault::Damaged { detail: "it ends within its header".into() },
        (false, Ok(None)) => not_weights(head),
    }
}
