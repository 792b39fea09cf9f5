//! Labels from a table: `labels.csv` with a file and a label a row.
//!
//! With or without a header; separated by comma, semicolon or tab; cells may be quoted (RFC 4180); LF or CRLF; UTF-8 or
//! UTF-16 with a mark, else Latin-1. A header may put the columns in another order and name a third one, `split`.

use super::Split;
use super::folders::{file_name, parts, split_name};
use std::collections::HashMap;

/// A row: what it names and says, and the line it starts in, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub line: usize,
    pub file: String,
    /// `None` for an empty cell: an unlabelled image.
    pub label: Option<String>,
    pub split: Option<Split>,
}

/// A table that was read; lines of rows that could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub rows: Vec<Row>,
    pub bad_lines: Vec<usize>,
}

/// Whether a path names a table of labels.
pub fn is_table(path: &str) -> bool {
    ["labels.csv", "labels.tsv", "labels.txt"].contains(&file_name(path).to_lowercase().as_str())
}

/// Reads a table from a file's bytes.
pub fn parse(bytes: &[u8]) -> Table {
    let text = decode(bytes);
    let mut header = None;
    let mut table = Table::default();
    for_each_row(&text, delimiter(&text), |line, row| {
        if row.iter().all(String::is_empty) {
            return;
        }
        let header = match &header {
            Some(header) => header,
            None => {
                let named = Header::of(row);
                let is_named = named.is_some();
                let columns = header.insert(named.unwrap_or(Header { file: 0, label: 1, split: None }));
                if is_named {
                    return;
                }
                columns
            }
        };
        let cell = |at: usize| row.get(at).map(|c| c.trim()).filter(|c| !c.is_empty());
        match (cell(header.file), row.len() > header.label) {
            (Some(file), true) => table.rows.push(Row {
                line,
                file: file.to_owned(),
                label: cell(header.label).map(str::to_owned),
                split: header.split.and_then(cell).and_then(split_name),
            }),
            _ => table.bad_lines.push(line),
        }
    });
    table
}

struct Header {
    file: usize,
    label: usize,
    split: Option<usize>,
}

impl Header {
    /// The columns, if the first row names them. It does where a cell is a common name of the file column and
    /// no cell looks like an image's.
    fn of(row: &[String]) -> Option<Self> {
        let find = |names: &[&str]| row.iter().position(|cell| names.contains(&cell.trim().to_lowercase().as_str()));
        let file =
            find(&["file", "filename", "file_name", "image", "image_id", "img", "path", "filepath", "name", "id"])?;
        let label = find(&["label", "labels", "class", "class_name", "category", "target", "breed", "species"])
            .unwrap_or(usize::from(file == 0));
        (label != file).then(|| Self { file, label, split: find(&["split", "subset", "set"]) })
    }
}

fn decode(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|b| unit([b[0], b[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            // Old versions of Excel write the system's code page: Latin-1 is the nearest.
            std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|&b| char::from(b)).collect(), str::to_owned)
        }
    }
}

/// The separator of cells: the candidate that is most frequent in the first line.
fn delimiter(text: &str) -> char {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut quoted = false;
    let mut counts = [(',', 0), (';', 0), ('\t', 0)];
    for c in line.chars() {
        quoted ^= c == '"';
        if let Some(count) = counts.iter_mut().find(|(d, _)| *d == c && !quoted) {
            count.1 += 1;
        }
    }
    // Of equally frequent ones the first: comma.
    counts.iter().rev().max_by_key(|(_, n)| *n).map_or(',', |(d, _)| *d)
}

/// Calls `each` with the line that a row starts in, and its cells. One row is in memory at a time: its cells take many
/// times their letters.
fn for_each_row(text: &str, delimiter: char, mut each: impl FnMut(usize, &[String])) {
    let (mut row, mut cell) = (Vec::new(), String::new());
    let (mut line, mut start, mut quoted) = (1, 1, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' if quoted || cell.is_empty() => quoted = !quoted,
            '\n' | '\r' if !quoted => {
                if c == '\r' && chars.peek() == Some(&'\n') {
                    chars.next();
                }
                row.push(std::mem::take(&mut cell));
                each(start, &row);
                row.clear();
                line += 1;
                start = line;
            }
            _ if c == delimiter && !quoted => row.push(std::mem::take(&mut cell)),
            _ => {
                line += usize::from(c == '\n');
                cell.push(c);
            }
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        each(start, &row);
    }
}

/// Which row names which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matches {
    /// For each path, the index of its row.
    pub row_of: Vec<Option<usize>>,
    /// Rows that name no file among the paths.
    pub missing: Vec<usize>,
    /// Rows that contradict an earlier one of the same file.
    pub contradicting: Vec<usize>,
}

/// Finds each row's file: by its path from the table's folder on, else by its name alone, else by its name
/// without ending, where that is unique.
pub fn match_files(table: &Table, table_path: &str, paths: &[&str]) -> Matches {
    let mut folder = parts(table_path);
    folder.pop();
    let mut maps: [HashMap<String, Option<usize>>; 3] = Default::default();
    for (index, path) in paths.iter().enumerate() {
        let all = parts(path);
        let name = file_name(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let full = all.strip_prefix(folder.as_slice()).unwrap_or(&all).join("/");
        for (map, key) in maps.iter_mut().zip([full.as_str(), name, stem]) {
            // Seen twice: not to be told apart by this key.
            map.entry(key.to_owned()).and_modify(|at| *at = None).or_insert(Some(index));
        }
    }
    let mut found = Matches { row_of: vec![None; paths.len()], missing: Vec::new(), contradicting: Vec::new() };
    for (index, row) in table.rows.iter().enumerate() {
        let key = parts(&row.file).join("/");
        let name = file_name(&row.file);
        let at = [key.as_str(), name, name].iter().zip(&maps).find_map(|(key, map)| map.get(*key).copied().flatten());
        match at.map(|at| &mut found.row_of[at]) {
            None => found.missing.push(index),
            Some(slot) => match slot {
                None => *slot = Some(index),
                Some(first) if table.rows[*first].label != row.label => found.contradicting.push(index),
                Some(_) => {}
            },
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
        let table = parse(bytes);
        assert!(table.bad_lines.is_empty(), "{table:?}");
        table.rows.into_iter().map(|r| (r.file, r.label.unwrap_or_default())).collect()
    }

    #[test]
    fn the_same_table_in_every_dress() {
        let want = [("a.png".to_owned(), "cat".to_owned()), ("b.png".to_owned(), "dog".to_owned())];
        let plain = "a.png,cat\nb.png,dog\n";
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for bytes in [
            plain.as_bytes(),
            b"file,label\na.png,cat\nb.png,dog",
            b"\xef\xbb\xbffilename;class\r\na.png;cat\r\n\r\nb.png;dog\r\n",
            b"label\tfile\ncat\ta.png\ndog\tb.png\n",
            b"\"file\",\"label\"\n\"a.png\",\"cat\"\n\"b.png\",\"dog\"\n",
            b" a.png , cat \rb.png,dog\r",
            b"file,width,label\na.png,32,cat\nb.png,32,dog\n",
            &wide,
        ] {
            assert_eq!(pairs(bytes), want, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn quotes_keep_separators_quotes_and_line_ends() {
        let rows = parse(b"a.png,\"cat, \"\"big\"\"\"\n\"b\nc.png\",dog\nd.png,x\n").rows;
        assert_eq!(rows[0].label.as_deref(), Some("cat, \"big\""));
        assert_eq!(rows[1].file, "b\nc.png");
        assert_eq!((rows[1].line, rows[2].line), (2, 4));
    }

    #[test]
    fn short_rows_are_named_by_line_and_empty_labels_are_none() {
        let table = parse(b"file,label\na.png,cat\nb.png\n,dog\nc.png,\n");
        assert_eq!(table.bad_lines, [3, 4]);
        assert_eq!(table.rows[1].label, None);
    }

    #[test]
    fn a_column_may_name_splits() {
        let rows = parse(b"image,label,split\na.png,cat,train\nb.png,cat,TEST\nc.png,cat,\n").rows;
        assert_eq!(rows.iter().map(|r| r.split).collect::<Vec<_>>(), [Some(Split::Train), Some(Split::Test), None]);
    }

    #[test]
    fn latin_1_is_read() {
        assert_eq!(pairs(b"a.png,caf\xe9\n"), [("a.png".to_owned(), "caf\u{e9}".to_owned())]);
    }

    #[test]
    fn rows_find_files_by_path_name_or_stem() {
        let table = parse(b"x/a.png,1\nb.png,2\nc,3\nd.png,4\nb.png,2\nb.png,5\nsame.png,6\n");
        let paths = ["set/x/a.png", "set/y/b.png", "set/c.jpg", "set/e.png", "set/u/same.png", "set/v/same.png"];
        let found = match_files(&table, "set/labels.csv", &paths);
        assert_eq!(found.row_of, [Some(0), Some(1), Some(2), None, None, None]);
        assert_eq!(found.missing, [3, 6]);
        assert_eq!(found.contradicting, [5]);
    }

    #[test]
    fn no_bytes_break_it() {
        for bytes in [&b""[..], b"\"", b"\"\n", b",", b"\r", b"\xff\xfe\x00", b"\xef\xbb\xbf", b"\0\0\0"] {
            parse(bytes);
        }
    }
}
