//! Formulas as MathML Core, from a small part of TeX, so that a formula with live numbers is one line of text.
//!
//! | written | typeset |
//! |---|---|
//! | `x`, `τ` | a variable |
//! | `exp`, `sim` | two letters or more: a name, upright |
//! | `0.3569` | a number; `-` is a minus |
//! | `a_b`, `a^b`, `a_b^c` | subscript, superscript |
//! | `{…}` | a group |
//! | `\frac{a}{b}`, `\sqrt{a}` | fraction, root |
//! | `\sum_{k}`, `\sum_{k}^{n}` | sum with limits below and above |
//! | `\text{…}` | words |
//! | `\pos{…}`, `\neg{…}`, `\hot{…}` | marked, by a class, as positive, negative, result |
//! | `\,` | a thin space |
//! | `a &= b \\ &= c` | rows, aligned at `&` |

use std::iter::Peekable;
use std::str::Chars;

/// A whole `<math>` element, on a line of its own.
///
/// Text outside this part of TeX is typeset as it stands; nothing is lost.
pub fn mathml(tex: &str) -> String {
    let mut out = String::with_capacity(tex.len() * 12);
    out.push_str("<math display=\"block\">");
    if tex.contains("\\\\") || tex.contains('&') {
        out.push_str("<mtable>");
        for line in tex.split("\\\\") {
            out.push_str("<mtr><mtd>");
            for (n, cell) in line.split('&').enumerate() {
                out.push_str(if n == 0 { "" } else { "</mtd><mtd>" });
                row(cell, &mut out);
            }
            out.push_str("</mtd></mtr>");
        }
        out.push_str("</mtable>");
    } else {
        row(tex, &mut out);
    }
    out.push_str("</math>");
    out
}

fn row(tex: &str, out: &mut String) {
    let mut reader = Reader { rest: tex.chars().peekable() };
    while reader.rest.peek().is_some() {
        reader.item(out);
    }
}

/// The kind of an atom, as far as it matters for the next ones.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Atom {
    /// Its scripts stand below and above it.
    Sum,
    /// It is applied to the next atom.
    Function,
    Other,
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    /// An atom with its sub- and superscript; how many elements they are.
    fn item(&mut self, out: &mut String) -> usize {
        let mut base = String::new();
        let atom = self.atom(&mut base);
        self.spaces();
        let (mut below, mut above) = (None, None);
        while let Some(&mark @ ('_' | '^')) = self.rest.peek() {
            self.rest.next();
            let mut script = String::new();
            self.atom(&mut script);
            *(if mark == '_' { &mut below } else { &mut above }) = Some(script);
            self.spaces();
        }
        let tag = match (below.is_some(), above.is_some(), atom == Atom::Sum) {
            (false, false, _) => "",
            (true, false, false) => "msub",
            (false, true, false) => "msup",
            (true, true, false) => "msubsup",
            (true, false, true) => "munder",
            (false, true, true) => "mover",
            (true, true, true) => "munderover",
        };
        let parts = [base, below.unwrap_or_default(), above.unwrap_or_default()].concat();
        if tag.is_empty() {
            out.push_str(&parts);
        } else {
            element(tag, &parts, out);
        }
        if atom == Atom::Function {
            // The invisible operator "function application", for screen readers.
            element("mo", "\u{2061}", out);
            return 2;
        }
        usize::from(!parts.is_empty())
    }

    /// The next unit.
    fn atom(&mut self, out: &mut String) -> Atom {
        self.spaces();
        let Some(first) = self.rest.next() else { return Atom::Other };
        match first {
            '{' => self.group(out),
            '\\' => return self.command(out),
            '0'..='9' => {
                let mut number = String::from(first);
                self.take(&mut number, |c| c.is_ascii_digit() || c == '.' || c == '\u{2009}');
                element("mn", &number, out);
            }
            _ if first.is_alphabetic() => {
                let mut name = String::from(first);
                if first.is_ascii() {
                    self.take(&mut name, |c| c.is_ascii_alphabetic());
                }
                element("mi", &name, out);
                if matches!(name.as_str(), "exp" | "ln" | "log" | "sim" | "max") {
                    return Atom::Function;
                }
            }
            '-' => element("mo", "−", out),
            '*' => element("mo", "·", out),
            '<' => element("mo", "&lt;", out),
            '>' => element("mo", "&gt;", out),
            '&' => {}
            // Not stretched: without a font for formulas stretched ones are far too large.
            '/' | '‖' | '|' | '(' | ')' => {
                out.push_str("<mo stretchy=\"false\" lspace=\"0\" rspace=\"0\">");
                out.push(first);
                out.push_str("</mo>");
            }
            _ => element("mo", first.encode_utf8(&mut [0; 4]), out),
        }
        Atom::Other
    }

    /// The content of braces, after the opening one, as one element. A group of one
    /// element gets no `mrow` around it, since each element costs layout time.
    fn group(&mut self, out: &mut String) {
        let (mut inside, mut elements) = (String::new(), 0);
        loop {
            self.spaces();
            match self.rest.peek() {
                None => break,
                Some('}') => {
                    self.rest.next();
                    break;
                }
                Some(_) => elements += self.item(&mut inside),
            }
        }
        if elements == 1 {
            out.push_str(&inside);
        } else {
            element("mrow", &inside, out);
        }
    }

    fn command(&mut self, out: &mut String) -> Atom {
        let mut name = String::new();
        self.take(&mut name, |c| c.is_ascii_alphabetic());
        match name.as_str() {
            "sum" => {
                element("mo", "∑", out);
                return Atom::Sum;
            }
            "frac" => self.atoms(2, "mfrac", "", out),
            "sqrt" => self.atoms(1, "msqrt", "", out),
            "text" => {
                let mut words = String::new();
                self.rest.next_if_eq(&'{');
                self.take(&mut words, |c| c != '}');
                self.rest.next();
                let words = words.replace('&', "&amp;").replace('<', "&lt;").replace(' ', "\u{a0}");
                element("mtext", &words, out);
            }
            "pos" | "neg" | "hot" => self.atoms(1, "mrow", &format!(" class=\"{name}\""), out),
            "" => {
                // `\,`, or a backslash without a command.
                if self.rest.next_if_eq(&',').is_some() {
                    out.push_str("<mspace width=\"0.2em\"/>");
                }
            }
            other => element("mi", other, out),
        }
        Atom::Other
    }

    /// The next `count` atoms within an element.
    fn atoms(&mut self, count: usize, tag: &str, attributes: &str, out: &mut String) {
        out.extend(["<", tag, attributes, ">"]);
        for _ in 0..count {
            self.atom(out);
        }
        out.extend(["</", tag, ">"]);
    }

    fn take(&mut self, into: &mut String, more: fn(char) -> bool) {
        while let Some(c) = self.rest.next_if(|&c| more(c)) {
            into.push(c);
        }
    }

    fn spaces(&mut self) {
        while self.rest.next_if_eq(&' ').is_some() {}
    }
}

fn element(tag: &str, inside: &str, out: &mut String) {
    out.extend(["<", tag, ">", inside, "</", tag, ">"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(tex: &str) -> String {
        let math = mathml(tex);
        let math = math.strip_prefix("<math display=\"block\">").unwrap();
        math.strip_suffix("</math>").unwrap().to_owned()
    }

    #[test]
    fn variables_numbers_names_and_signs() {
        assert_eq!(inside("τ = 0.5"), "<mi>τ</mi><mo>=</mo><mn>0.5</mn>");
        assert_eq!(inside("-ln 2"), "<mo>−</mo><mi>ln</mi><mo>\u{2061}</mo><mn>2</mn>");
        assert_eq!(inside("2N"), "<mn>2</mn><mi>N</mi>");
        assert_eq!(inside("a<b"), "<mi>a</mi><mo>&lt;</mo><mi>b</mi>");
    }

    #[test]
    fn brackets_keep_their_height() {
        let bracket = |b: &str| format!("<mo stretchy=\"false\" lspace=\"0\" rspace=\"0\">{b}</mo>");
        assert_eq!(inside("(a)"), [&bracket("("), "<mi>a</mi>", &bracket(")")].concat());
    }

    #[test]
    fn scripts_and_fractions_nest() {
        assert_eq!(inside("x_{1i}"), "<msub><mi>x</mi><mrow><mn>1</mn><mi>i</mi></mrow></msub>");
        assert_eq!(inside("w_a^2"), "<msubsup><mi>w</mi><mi>a</mi><mn>2</mn></msubsup>");
        assert_eq!(
            inside("\\frac{e^{s/τ}}{2}"),
            "<mfrac><msup><mi>e</mi><mrow><mi>s</mi>\
             <mo stretchy=\"false\" lspace=\"0\" rspace=\"0\">/</mo><mi>τ</mi></mrow></msup><mn>2</mn></mfrac>"
        );
        assert_eq!(
            inside("\\sum_{k≠i} a"),
            "<munder><mo>∑</mo><mrow><mi>k</mi><mo>≠</mo><mi>i</mi></mrow></munder><mi>a</mi>"
        );
    }

    #[test]
    fn a_group_is_one_element() {
        assert_eq!(inside("a_{max}"), "<msub><mi>a</mi><mrow><mi>max</mi><mo>\u{2061}</mo></mrow></msub>");
        assert_eq!(inside("a_max"), "<msub><mi>a</mi><mi>max</mi></msub>");
        assert_eq!(inside("a^{}"), "<msup><mi>a</mi><mrow></mrow></msup>");
        assert_eq!(inside("a^{\\}"), "<msup><mi>a</mi><mrow></mrow></msup>");
        assert_eq!(inside("\\frac{{1}}{2}"), "<mfrac><mn>1</mn><mn>2</mn></mfrac>");
    }

    #[test]
    fn marks_become_classes_and_words_stay_words() {
        assert_eq!(inside("\\pos{0.77}"), "<mrow class=\"pos\"><mn>0.77</mn></mrow>");
        assert_eq!(inside("\\text{a < b}"), "<mtext>a\u{a0}&lt;\u{a0}b</mtext>");
    }

    #[test]
    fn rows_are_aligned() {
        let math = mathml("a &= b \\\\ &= c");
        assert_eq!(math.matches("<mtr>").count(), 2);
        assert_eq!(math.matches("<mtd>").count(), 4);
        assert!(!math.contains('&') && !math.contains('\\'), "{math}");
    }

    #[test]
    fn broken_formulas_close_their_elements() {
        for tex in ["{", "}", "\\frac{a}", "a_", "\\text{b", "\\", "^", "\\frac", "a__b", "&&"] {
            let math = mathml(tex);
            let (mut open, mut rest) = (Vec::new(), math.as_str());
            while let Some(at) = rest.find('<') {
                let end = at + rest[at..].find('>').unwrap();
                let tag = &rest[at + 1..end];
                if let Some(name) = tag.strip_prefix('/') {
                    assert_eq!(open.pop(), Some(name), "{tex}: {math}");
                } else if !tag.ends_with('/') {
                    open.push(tag.split(' ').next().unwrap());
                }
                rest = &rest[end + 1..];
            }
            assert!(open.is_empty(), "{tex}: {math}");
        }
    }
}
