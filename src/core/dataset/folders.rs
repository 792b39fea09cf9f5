//! What paths say about files: class, split, or nothing. Pure path logic; no file is opened here, and whether
//! one is an image is for the decoder to say.
//!
//! - A sub-folder is a class; deeper folders belong to it. Folders that hold everything (one around the set, or
//!   several) don't count.
//! - `train/`, `val/` and `test/` are splits where nothing else but unlabelled images lies beside them (a set
//!   of vehicles may have a class "train"); they may also lie inside each class.
//! - Files beside class folders, a flat folder and `unlabeled/` are unlabelled.
//! - What operating systems leave behind is ignored without a word.

use super::Split;

/// What a file's path says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathLabel {
    /// Name of the class; `None` for an unlabelled image.
    pub class: Option<String>,
    /// Where it lies under a folder that names a split.
    pub split: Option<Split>,
}

/// The parts of a path, without empty ones and `.`; `\` separates too, as some programs of Windows write it
/// into archives.
pub fn parts(path: &str) -> Vec<&str> {
    path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect()
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Left behind by an operating system or an editor, never part of a set: `__MACOSX/`, `._x`, `.DS_Store` and
/// all else that starts with a dot, `Thumbs.db`, `desktop.ini`.
pub fn is_clutter(path: &str) -> bool {
    let parts = parts(path);
    let junk = ["thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"];
    parts.iter().any(|part| part.starts_with('.') && *part != ".." || *part == "__MACOSX")
        || parts.last().is_none_or(|name| junk.contains(&name.to_lowercase().as_str()))
}

/// Whether a path would leave the folder or archive that it came from.
pub fn is_unsafe(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    path.starts_with(['/', '\\']) || drive || path.contains('\0') || parts(path).contains(&"..")
}

/// The split that a folder's name stands for.
pub fn split_name(name: &str) -> Option<Split> {
    match name.to_lowercase().as_str() {
        "train" | "training" => Some(Split::Train),
        "val" | "valid" | "validation" => Some(Split::Validation),
        "test" | "testing" => Some(Split::Test),
        _ => None,
    }
}

/// Whether a folder's name says that its images have no label.
pub fn is_unlabelled(name: &str) -> bool {
    ["unlabeled", "unlabelled"].contains(&name.to_lowercase().as_str())
}

/// Names that people give to a folder of images, not to a class.
fn is_generic(name: &str) -> bool {
    ["images", "image", "imgs", "img", "photos", "pictures", "data", "jpg", "png"]
        .contains(&name.to_lowercase().as_str())
}

/// Whether the name ends like an image's. Only a hint for the shape of a tree: a text file beside the one
/// folder that holds everything shouldn't matter.
pub fn named_like_image(path: &str) -> bool {
    let endings =
        ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "dib", "heic", "heif", "avif", "tif", "tiff"];
    file_name(path).rsplit_once('.').is_some_and(|(_, end)| endings.contains(&end.to_lowercase().as_str()))
}

/// What each path says. The caller has removed clutter.
pub fn path_labels(paths: &[&str]) -> Vec<PathLabel> {
    let all: Vec<Vec<&str>> = paths.iter().map(|path| parts(path)).collect();
    // Folders only: the file's own name says nothing.
    let folders: Vec<&[&str]> = all.iter().map(|p| &p[..p.len().saturating_sub(1)]).collect();
    let mut telling: Vec<&[&str]> =
        paths.iter().zip(&folders).filter(|(path, _)| named_like_image(path)).map(|(_, f)| *f).collect();
    if telling.is_empty() {
        telling.clone_from(&folders);
    }
    let around = common_prefix(&telling);
    let inside: Vec<&[&str]> = telling.iter().map(|f| &f[around.len()..]).collect();
    let shape = Shape::of(&inside);
    folders.iter().map(|f| f.strip_prefix(around).map_or_else(PathLabel::default, |rest| shape.read(rest))).collect()
}

/// The folders that hold everything and are no class: all that are common, save the last where nothing else is
/// left to be the one class.
fn common_prefix<'a, 'b>(folders: &[&'b [&'a str]]) -> &'b [&'a str] {
    let Some((first, rest)) = folders.split_first() else { return &[] };
    let mut common = rest
        .iter()
        .fold(first.len(), |n, folder| first[..n].iter().zip(folder.iter()).take_while(|(a, b)| a == b).count());
    let flat = folders.iter().all(|folder| folder.len() == common);
    // `set/cats/1.jpg`: the folder that was chosen, and its only class.
    if flat && common >= 2 && !is_generic(first[common - 1]) {
        common -= 1;
    }
    // A split or "unlabelled" among them keeps its meaning.
    let named = first[..common].iter().position(|name| split_name(name).is_some() || is_unlabelled(name));
    &first[..named.unwrap_or(common)]
}

/// Where in a path, after the folders around everything, splits are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Classes,
    /// `train/cat/1.jpg`
    SplitFirst,
    /// `cat/train/1.jpg`
    SplitSecond,
}

impl Shape {
    fn of(folders: &[&[&str]]) -> Self {
        let names = |depth: usize| folders.iter().filter_map(move |f| f.get(depth)).filter(|name| !is_unlabelled(name));
        let all_splits = |depth| names(depth).count() > 0 && names(depth).all(|name| split_name(name).is_some());
        if all_splits(0) {
            Self::SplitFirst
        } else if all_splits(1) {
            Self::SplitSecond
        } else {
            Self::Classes
        }
    }

    fn read(self, folders: &[&str]) -> PathLabel {
        let (split, class) = match self {
            Self::Classes => (None, folders.first()),
            Self::SplitSecond => (folders.get(1), folders.first()),
            Self::SplitFirst => {
                let inner = folders.get(1);
                // `train/train/cat/1.jpg`: an archive and its own top folder.
                let twice = folders.len() > 2 && inner.map(|n| split_name(n)) == folders.first().map(|n| split_name(n));
                (folders.first(), if twice { folders.get(2) } else { inner })
            }
        };
        let class = class.filter(|_| !folders.iter().take(2).any(|name| is_unlabelled(name)));
        PathLabel { class: class.map(|name| (*name).to_owned()), split: split.and_then(|name| split_name(name)) }
    }
}

/// Places of an archive's files where it is one of several that were chosen: its name then says what a folder's
/// would. `stem` is its name without ending.
pub fn within_archive(stem: &str, labels: &mut [PathLabel]) {
    let flat = labels.iter().all(|label| label.class.is_none());
    let split = split_name(stem);
    for label in labels {
        label.split = label.split.or(split);
        if flat && split.is_none() && !is_unlabelled(stem) {
            label.class = Some(stem.to_owned());
        }
    }
}

/// Compares names as people count: `class2` before `class10`.
pub fn natural_order(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let digits = |s: &str| s.len() - s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (n, m) = (digits(left), digits(right));
        let order = if n > 0 && m > 0 {
            let (x, y) = (left[..n].trim_start_matches('0'), right[..m].trim_start_matches('0'));
            (left, right) = (&left[n..], &right[m..]);
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            let (mut cs, mut ds) = (left.chars(), right.chars());
            match (cs.next(), ds.next()) {
                (None, None) => return a.cmp(b),
                (c, d) => {
                    (left, right) = (cs.as_str(), ds.as_str());
                    c.cmp(&d)
                }
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `class@split` of each path, `-` for what is unknown.
    fn read(paths: &[&str]) -> Vec<String> {
        let name = |s: Option<Split>| s.map_or("-", |s| ["train", "val", "test"][s as usize]);
        path_labels(paths).iter().map(|p| format!("{}@{}", p.class.as_deref().unwrap_or("-"), name(p.split))).collect()
    }

    #[test]
    fn a_sub_folder_is_a_class() {
        assert_eq!(read(&["cat/1.jpg", "dog/2.jpg", "dog/small/3.jpg"]), ["cat@-", "dog@-", "dog@-"]);
        assert_eq!(read(&["cat\\1.jpg", "dog\\2.jpg"]), ["cat@-", "dog@-"]);
    }

    #[test]
    fn folders_around_everything_do_not_count() {
        assert_eq!(read(&["set/cat/1.jpg", "set/dog/2.jpg"]), ["cat@-", "dog@-"]);
        assert_eq!(read(&["a/b/set/cat/1.jpg", "a/b/set/dog/2.jpg"]), ["cat@-", "dog@-"]);
        // A text file outside changes nothing.
        assert_eq!(
            read(&["README.md", "set/cat/1.jpg", "set/LICENSE", "set/dog/2.jpg"]),
            ["-@-", "cat@-", "-@-", "dog@-"]
        );
    }

    #[test]
    fn a_flat_folder_is_unlabelled_and_a_folder_in_the_chosen_one_is_a_class() {
        assert_eq!(read(&["1.jpg", "2.jpg"]), ["-@-", "-@-"]);
        assert_eq!(read(&["photos/1.jpg", "photos/2.jpg"]), ["-@-", "-@-"]);
        assert_eq!(read(&["set/cats/1.jpg", "set/cats/2.jpg"]), ["cats@-", "cats@-"]);
        assert_eq!(read(&["set/images/1.jpg", "set/images/2.jpg"]), ["-@-", "-@-"]);
    }

    #[test]
    fn splits_are_recognised() {
        assert_eq!(
            read(&["s/train/cat/1.png", "s/train/dog/2.png", "s/Test/cat/3.png", "s/valid/dog/4.png"]),
            ["cat@train", "dog@train", "cat@test", "dog@val"]
        );
        assert_eq!(
            read(&["cat/train/1.png", "cat/test/2.png", "dog/train/3.png"]),
            ["cat@train", "cat@test", "dog@train"]
        );
        assert_eq!(read(&["train/cat/1.png", "train/dog/2.png"]), ["cat@train", "dog@train"]);
        assert_eq!(read(&["train/train/cat/1.png", "test/test/cat/2.png"]), ["cat@train", "cat@test"]);
        assert_eq!(read(&["train/cat/1.png", "test/2.png"]), ["cat@train", "-@test"]);
    }

    #[test]
    fn a_vehicle_may_be_called_train() {
        assert_eq!(read(&["car/1.png", "train/2.png", "plane/3.png"]), ["car@-", "train@-", "plane@-"]);
    }

    #[test]
    fn unlabelled_folders_beside_classes_or_splits() {
        assert_eq!(read(&["cat/1.png", "dog/2.png", "Unlabeled/3.png", "4.png"]), ["cat@-", "dog@-", "-@-", "-@-"]);
        assert_eq!(
            read(&["train/cat/1.png", "test/cat/2.png", "unlabelled/x/3.png", "train/unlabelled/4.png"]),
            ["cat@train", "cat@test", "-@-", "-@train"]
        );
        assert_eq!(read(&["s/unlabelled/1.png", "s/unlabelled/2.png"]), ["-@-", "-@-"]);
    }

    #[test]
    fn clutter_is_ignored_and_unsafe_paths_are_seen() {
        for path in
            ["__MACOSX/cat/._1.jpg", "cat/._1.jpg", ".DS_Store", "cat/Thumbs.db", "desktop.ini", ".git/x.png", ""]
        {
            assert!(is_clutter(path), "{path}");
        }
        for path in ["cat/1.jpg", "../x.png", "a.b/c.png"] {
            assert!(!is_clutter(path), "{path}");
        }
        for path in ["../x.png", "a/../../x.png", "/etc/x", "\\\\host\\x", "C:\\x.png", "a\\..\\x", "a\0b"] {
            assert!(is_unsafe(path), "{path}");
        }
        for path in ["a/b..c.png", "a...png", "é:x", "cat\\1.png", ""] {
            assert!(!is_unsafe(path), "{path}");
        }
    }

    #[test]
    fn an_archive_among_several_lends_its_name() {
        let mut flat = vec![PathLabel::default(); 2];
        within_archive("cats", &mut flat);
        assert!(flat.iter().all(|p| p.class.as_deref() == Some("cats") && p.split.is_none()));
        let mut test = path_labels(&["cat/1.png", "dog/2.png"]);
        within_archive("test", &mut test);
        assert!(test.iter().all(|p| p.class.is_some() && p.split == Some(Split::Test)));
        let mut bare = vec![PathLabel::default()];
        within_archive("unlabelled", &mut bare);
        assert_eq!(bare, [PathLabel::default()]);
    }

    #[test]
    fn names_are_ordered_as_people_count() {
        let mut names = ["b10", "b9", "a", "b09x", "", "10", "9", "é2", "é10"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["", "9", "10", "a", "b9", "b09x", "b10", "é2", "é10"]);
    }
}
