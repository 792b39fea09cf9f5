//! Fetches the tensors of an encoder from a published file: by ranges of bytes where the server
//! gives them, else out of the whole file.

use super::kept::{self, Note, hex};
use super::plan::{PREFIX, Plan, header_length};
use super::server::{Answer, Body, ContentRange, Server};
use super::{Wanted, Watch};
use crate::core::error::{Fault, HubFault};
use crate::core::weights::WeightsFault;
use crate::worker::storage::{Files, Parts, Storage};
use sha2::{Digest, Sha256};
use std::ops::Range;

/// Bytes that are asked for first: enough to tell what a file is.
const FIRST: u64 = 1024;
/// Failures in a row after which it is given up.
const TRIES: u32 = 4;
/// Milliseconds between the first failure in a row and the next try, twice as many after each
/// further one; and those after which a cancel is noticed.
const REST: u32 = 500;
const NAP: u32 = 100;

pub struct Fetch<'a, F: Files, S> {
    pub storage: &'a Storage<F>,
    pub server: &'a S,
    pub wanted: &'a Wanted<'a>,
    pub watch: &'a dyn Watch,
    /// Open from when it is known what is fetched.
    file: Option<F::Parts>,
    /// Of the published file.
    etag: Option<String>,
    /// In a row.
    failures: u32,
    answered: bool,
    received: u64,
    total: u64,
}

/// What the first answers gave.
enum Beginning<B> {
    Planned(Plan),
    /// The server gives no ranges; this answer holds the whole file, if any does.
    Whole(Option<Answer<B>>),
}

impl<'a, F: Files, S: Server> Fetch<'a, F, S> {
    pub fn new(storage: &'a Storage<F>, server: &'a S, wanted: &'a Wanted<'a>, watch: &'a dyn Watch) -> Self {
        let (file, etag) = (None, None);
        Self { storage, server, wanted, watch, file, etag, failures: 0, answered: false, received: 0, total: 0 }
    }

    /// Fetches what is missing, and gives the whole file.
    ///
    /// # Errors
    /// [`Fault::Hub`], [`Fault::Weights`] where it is another file, [`Fault::Storage`];
    /// [`Fault::Stopped`] where the visitor ended it. What came is kept, unless it was wrong.
    pub async fn run(mut self) -> Result<F::Parts, Fault> {
        let plan = match self.beginning().await? {
            Beginning::Whole(answer) => self.whole(answer).await?,
            Beginning::Planned(plan) => match self.ranges(&plan).await? {
                true => plan,
                false => self.whole(None).await?,
            },
        };
        let file = self.file.take().ok_or(Fault::Stopped)?;
        file.flush()?;
        let sha256 = Some(kept::sha256(&file)?);
        let note = Note { sha256, ..self.note(&plan) };
        kept::save_note(self.storage, self.wanted.encoder, &note).await?;
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

    /// Fetches range after range; false where the server can't be trusted with them.
    async fn ranges(&mut self, plan: &Plan) -> Result<bool, Fault> {
        let mut done = self.begin(plan, false).await?;
        self.tell(done, plan.kept)?;
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
                        told = self.tell(done, plan.kept);
                    }
                    Ok(None) => break,
                    Err(said) => {
                        detail = said;
                        break;
                    }
                }
            }
            // It goes on after the file's end: what is counted has to be there after a crash.
            self.file.as_ref().ok_or(Fault::Stopped)?.flush()?;
            told?;
            if at < range.end {
                self.failed(&detail).await?;
            }
        }
        Ok(true)
    }

    /// Takes what is wanted out of the whole file; begins anew where the connection breaks.
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
            // It may be another file than the one that gave ranges.
            self.etag = answer.etag.take();
            match self.through(&mut answer.body).await? {
                Ok(plan) => return Ok(plan),
                Err(detail) => self.failed(&detail).await?,
            }
        }
    }

    /// One pass through the whole file; the inner error is a connection that broke.
    async fn through(&mut self, body: &mut S::Body) -> Result<Result<Plan, String>, Fault> {
        let (mut head, mut plan, mut at, mut sum) = (Vec::new(), None::<Plan>, 0, Sha256::new());
        loop {
            let bytes = match body.next().await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => break,
                Err(detail) => return Ok(Err(detail)),
            };
            if self.wanted.place.sha256.is_some() {
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
                // Without a sum to compare, the rest is of no use.
                if self.wanted.place.sha256.is_none() && new.next(new.done(at)).is_none() {
                    break;
                }
            } else {
                self.go_on()?;
            }
        }
        let Some(plan) = plan else { return Err(ended(&head).into()) };
        let pinned = self.wanted.place.sha256;
        if at < plan.published && (pinned.is_some() || plan.next(plan.done(at)).is_some()) {
            return Err(self.wrong_length(plan.published, at).await);
        }
        match pinned {
            Some(expected) if hex(&sum.clone().finalize()) != expected => {
                let (expected, found) = (expected.to_owned(), hex(&sum.finalize()));
                Err(self.forget(HubFault::WrongSum { expected, found }).await)
            }
            _ => Ok(Ok(plan)),
        }
    }

    /// One request; none where it failed and is worth another try.
    async fn ask(&mut self, range: Option<Range<u64>>) -> Result<Option<Answer<S::Body>>, Fault> {
        self.go_on()?;
        match self.server.get(self.wanted.url, range).await {
            Ok(answer) => {
                self.answered = true;
                match answer.status {
                    200 | 206 | 416 => Ok(Some(answer)),
                    // Too busy, or broken for the moment.
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

    /// Counts a failure, and leaves the server alone for a while.
    async fn failed(&mut self, detail: &str) -> Result<(), Fault> {
        self.go_on()?;
        self.failures += 1;
        let detail = detail.to_owned();
        match (self.failures < TRIES, self.answered) {
            (true, _) => self.rest().await,
            (false, true) => Err(HubFault::Interrupted { received: self.received, total: self.total, detail }.into()),
            (false, false) => Err(HubFault::Unreachable { address: self.wanted.url.to_owned(), detail }.into()),
        }
    }

    async fn rest(&self) -> Result<(), Fault> {
        for _ in 0..(REST << (self.failures - 1)) / NAP {
            self.server.rest(NAP).await;
            self.go_on()?;
        }
        Ok(())
    }

    /// Whether an answer is the range that was asked for; then the length of the whole file,
    /// where that is told. None where it is not, or is of another file than before.
    fn total_of(&mut self, answer: &Answer<S::Body>, asked: &Range<u64>) -> Option<Option<u64>> {
        if answer.status != 206 {
            return None;
        }
        if let Some(etag) = &answer.etag
            && self.etag.get_or_insert_with(|| etag.clone()) != etag
        {
            return None;
        }
        // A server may keep it from other origins' pages: then the bytes are counted.
        let Some(text) = &answer.range else { return Some(None) };
        let range = ContentRange::parse(text).filter(|range| range.answers(asked))?;
        Some(range.total)
    }

    fn plan(&self, head: &[u8]) -> Result<Option<Plan>, Fault> {
        Ok(Plan::read(head, self.wanted.encoder, self.wanted.tensors)?)
    }

    /// Compares a file's length by its header with what is pinned, and with what the server says.
    fn same_length(&self, plan: &Plan, told: Option<u64>) -> Result<(), Fault> {
        let pinned = self.wanted.place.length.filter(|pinned| *pinned != plan.published);
        match (pinned, told.filter(|told| *told != plan.published)) {
            (Some(expected), _) => Err(HubFault::WrongLength { expected, found: plan.published }.into()),
            (None, Some(found)) => Err(HubFault::WrongLength { expected: plan.published, found }.into()),
            (None, None) => Ok(()),
        }
    }

    /// Opens the kept file and gives how many bytes of it are there, of this plan: its header at
    /// least, and no more where it begins `anew`.
    async fn begin(&mut self, plan: &Plan, anew: bool) -> Result<u64, Fault> {
        let encoder = self.wanted.encoder;
        if self.file.is_none() {
            self.file = self.storage.files().open(&kept::file_path(encoder), true).await?;
        }
        let before = kept::note(self.storage, encoder).await?;
        let note = self.note(plan);
        let file = self.file.as_ref().ok_or(Fault::Stopped)?;
        let length = file.length()?;
        let fits = (plan.header.len() as u64..=plan.kept).contains(&length);
        let goes_on = !anew && before.as_ref() == Some(&note) && fits && {
            let mut header = vec![0; plan.header.len()];
            file.read(0, &mut header)?;
            header == plan.header
        };
        if goes_on {
            return Ok(length);
        }
        file.cut(0)?;
        // Before the note is of another file.
        file.flush()?;
        kept::save_note(self.storage, encoder, &note).await?;
        file.write(0, &plan.header)?;
        Ok(plan.header.len() as u64)
    }

    fn note(&self, plan: &Plan) -> Note {
        Note { of: self.wanted.place.path(), etag: self.etag.clone(), length: plan.kept, sha256: None }
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
        HubFault::Status { address: self.wanted.url.to_owned(), status }.into()
    }

    async fn wrong_length(&mut self, expected: u64, found: u64) -> Fault {
        self.forget(HubFault::WrongLength { expected, found }).await
    }

    /// What came is of no use.
    async fn forget(&mut self, fault: HubFault) -> Fault {
        self.file = None;
        match kept::delete(self.storage, self.wanted.encoder).await {
            Ok(()) => fault.into(),
            Err(storage) => storage.into(),
        }
    }
}

/// What a file is that ends before its header does.
fn ended(head: &[u8]) -> WeightsFault {
    match (head.is_empty(), header_length(head)) {
        (true, _) => WeightsFault::Empty,
        (false, Err(fault)) => fault,
        (false, Ok(Some(_))) => WeightsFault::Damaged { detail: "it ends within its header".into() },
        (false, Ok(None)) => crate::worker::weights::not_weights(head),
    }
}
