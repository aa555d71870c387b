//! The page that says which sources broke or came back.

use askama::Template;
use jiff::Timestamp;

use super::words::is_vietnamese;
use super::{Frame, Shell, Stamp, Way, finish};

/// How a source is doing, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Not polled yet.
    New,
    /// Well; perhaps again, since then.
    Ok(Option<Timestamp>),
    /// It cannot be read.
    Failing(Option<Timestamp>),
    /// The publisher says that it is gone.
    Gone(Option<Timestamp>),
}

/// One source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its title and page.
    pub way: Way,
    /// How it is.
    pub condition: Condition,
}

/// What the page and its feed say.
#[derive(Debug)]
pub struct Titles {
    /// Of the page.
    pub heading: &'static str,
    /// Of an event: it broke.
    pub broke: &'static str,
    /// Of an event: it came back.
    pub recovered: &'static str,
    new: &'static str,
    ok: &'static str,
    back: &'static str,
    failing: &'static str,
    gone: &'static str,
    feed: &'static str,
}

const ENGLISH: Titles = Titles {
    heading: "Status of the sources",
    broke: "cannot be read",
    recovered: "can be read again",
    new: "not read yet",
    ok: "fine",
    back: "fine again since",
    failing: "cannot be read since",
    gone: "closed by its publisher since",
    feed: "Follow what breaks and comes back (Atom)",
};

const VIETNAMESE: Titles = Titles {
    heading: "Tình trạng các nguồn tin",
    broke: "không đọc được",
    recovered: "đã đọc lại được",
    new: "chưa đọc lần nào",
    ok: "tốt",
    back: "đọc lại được từ",
    failing: "không đọc được từ",
    gone: "nhà xuất bản đã đóng từ",
    feed: "Theo dõi nguồn nào hỏng, nguồn nào đọc lại được (Atom)",
};

/// Returns the texts in a language.
pub fn titles(language: &str) -> &'static Titles {
    if is_vietnamese(language) { &VIETNAMESE } else { &ENGLISH }
}

struct Line<'a> {
    row: &'a Row,
    text: &'static str,
    stamp: Option<Stamp>,
}

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage<'a> {
    frame: Frame<'a>,
    titles: &'static Titles,
    lines: Vec<Line<'a>>,
}

/// Writes the page.
pub fn page(shell: &Shell, rows: &[Row]) -> String {
    let titles = titles(&shell.language);
    let title = format!("{} – {}", titles.heading, shell.title);
    let canonical = format!("{}/status", shell.base_url);
    let frame = shell.frame(title, canonical, None, "/status".to_owned());
    let lines = rows.iter().map(|row| {
        let (text, since) = match row.condition {
            Condition::New => (titles.new, None),
            Condition::Ok(None) => (titles.ok, None),
            Condition::Ok(since) => (titles.back, since),
            Condition::Failing(since) => (titles.failing, since),
            Condition::Gone(since) => (titles.gone, since),
        };
        Line { row, text, stamp: since.map(|at| shell.stamp(at)) }
    });
    finish(&StatusPage { frame, titles, lines: lines.collect() })
}
