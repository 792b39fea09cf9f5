//! Every route: its address, the page that it shows, and the chunk of the program in which that page lies.
//!
//! The page, xtask (which writes one `index.html` a route) and the tests read this one
//! table. So it uses nothing else of the program.

/// A page of the program; the component of this name shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Page {
    Home,
    Images,
    Pretrain,
    Evaluate,
    FineTune,
    TryIt,
    Runs,
    NtXent,
    Lars,
    Help,
}

/// A part of the page's program that is fetched by itself; the function of this name in `chunks.rs` holds its pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chunk {
    Lessons,
    Images,
    Work,
    Tune,
    Runs,
}

impl Chunk {
    pub const ALL: [Self; 5] = [Self::Lessons, Self::Images, Self::Work, Self::Tune, Self::Runs];

    pub fn name(self) -> &'static str {
        ["lessons", "images", "work", "tune", "runs"][self as usize]
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// `/`, or `/words/like-this`.
    pub path: &'static str,
    pub page: Page,
    /// `None` for a page in the main module, which every page needs.
    pub chunk: Option<Chunk>,
}

pub const ROUTES: [Route; 10] = [
    route("/", Page::Home, None),
    route("/data", Page::Images, Some(Chunk::Images)),
    route("/pretrain", Page::Pretrain, Some(Chunk::Work)),
    route("/evaluate", Page::Evaluate, Some(Chunk::Tune)),
    route("/fine-tune", Page::FineTune, Some(Chunk::Tune)),
    route("/classify", Page::TryIt, Some(Chunk::Tune)),
    route("/runs", Page::Runs, Some(Chunk::Runs)),
    route("/lesson/nt-xent", Page::NtXent, Some(Chunk::Lessons)),
    route("/lesson/lars", Page::Lars, Some(Chunk::Lessons)),
    route("/help", Page::Help, Some(Chunk::Tune)),
];

pub const fn route(path: &'static str, page: Page, chunk: Option<Chunk>) -> Route {
    Route { path, page, chunk }
}
