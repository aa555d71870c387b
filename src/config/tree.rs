//! A TOML document as a tree in which every key and value knows its place.
//!
//! The toml crate with serde stops at the first mistake, so its spanned tree is read instead; this
//! is the only file that names the crate. Files of `config.d` are joined as trees, before anything
//! is understood, so that a key set twice can be shown with both its places. Standard: TOML 1.1.

use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Report, Severity, fault};

/// Where a key or a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The file, as it was named.
    pub(super) file: Arc<Path>,
    /// From 1.
    pub(super) line: usize,
    /// From 1, in characters.
    pub(super) column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: Place,
    pub(super) value: Value,
}

/// A TOML value; of the kinds no key takes, only the kind.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    /// `None`: outside 64 bits.
    Integer(Option<i64>),
    Float,
    Flag(bool),
    Datetime,
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    /// Returns what it is, with its article.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float => "a float",
            Self::Flag(_) => "a boolean",
            Self::Datetime => "a date",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

/// The members of a table, in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(pub(super) Vec<Member>);

/// One `key = value`.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) at: Place,
    pub(super) node: Node,
}

impl Table {
    /// Returns the member of that name.
    pub(super) fn get(&self, key: &str) -> Option<&Member> {
        self.0.iter().find(|member| member.key == key)
    }
}

/// Reads one document. `None` after a mistake of syntax, of which the first is reported; keys set
/// twice are all reported, and reading goes on with the first value.
pub(super) fn read(text: &str, file: &Path, report: &Report) -> Option<Table> {
    let map = PlaceMap::new(text, file);
    let (root, errors) = DeTable::parse_recoverable(text);
    let (twice, syntax): (Vec<_>, Vec<_>) =
        errors.into_iter().partition(|error| error.message() == "duplicate key");
    for error in twice.iter().chain(syntax.first()) {
        let span = error.span().unwrap_or_default();
        let is_twice = error.message() == "duplicate key";
        let key = if is_twice { text.get(span.clone()).unwrap_or_default() } else { "" };
        let remedy =
            if is_twice { "keep one of them" } else { "mend the TOML syntax (https://toml.io)" };
        let at = map.place(span.start);
        report.error(&at, key, fault(error.message().replace('\n', " "), remedy));
    }
    syntax.is_empty().then(|| map.table(root.get_ref()))
}

/// Joins a further file to `into`: tables are joined, arrays of tables (`[[source]]`) add up, and
/// any other key in both is an error that names both places.
pub(super) fn join(into: &mut Table, from: Table, prefix: &str, report: &Report) {
    for member in from.0 {
        let Some(known) = into.0.iter_mut().find(|known| known.key == member.key) else {
            into.0.push(member);
            continue;
        };
        let key = format!("{prefix}{}", member.key);
        match (&mut known.node.value, member.node.value) {
            (Value::Table(known), Value::Table(further)) => {
                join(known, further, &format!("{key}."), report);
            }
            (Value::List(known), Value::List(further))
                if are_tables(known) && are_tables(&further) =>
            {
                known.extend(further);
            }
            _ => report.error(
                &member.at,
                &key,
                fault(format!("is already set at {}", known.at), "keep one of them"),
            ),
        }
    }
}

fn are_tables(list: &[Node]) -> bool {
    list.iter().all(|node| matches!(node.value, Value::Table(_)))
}

/// Translates byte offsets of one document.
struct PlaceMap<'a> {
    text: &'a str,
    file: Arc<Path>,
    line_starts: Vec<usize>,
}

impl<'a> PlaceMap<'a> {
    fn new(text: &'a str, file: &Path) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0).chain(breaks.map(|(offset, _)| offset + 1)).collect();
        Self { text, file: Arc::from(file), line_starts }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|at| self.line_starts.get(at)).copied();
        let before = self.text.get(start.unwrap_or_default()..offset).unwrap_or_default();
        Place { file: Arc::clone(&self.file), line, column: before.chars().count() + 1 }
    }

    fn table(&self, table: &DeTable<'_>) -> Table {
        let mut members: Vec<_> = table.iter().collect();
        members.sort_by_key(|(key, _)| key.span().start);
        let member = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, _)| Member {
            key: key.get_ref().to_string(),
            at: self.place(key.span().start),
            node: self.node(value),
        };
        Table(members.into_iter().map(member).collect())
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let at = self.place(value.span().start);
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => {
                Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok())
            }
            DeValue::Float(_) => Value::Float,
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Datetime(_) => Value::Datetime,
            DeValue::Array(list) => Value::List(list.iter().map(|node| self.node(node)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Node { at, value }
    }
}

/// Returns the problem of bytes that are no UTF-8, at their place.
pub(super) fn not_utf8(bytes: &[u8], valid_up_to: usize, file: &Path) -> Problem {
    let valid = bytes.get(..valid_up_to).and_then(|head| std::str::from_utf8(head).ok());
    let at = PlaceMap::new(valid.unwrap_or_default(), file).place(valid_up_to);
    Problem {
        severity: Severity::Error,
        file: file.to_owned(),
        line: at.line,
        column: at.column,
        key: String::new(),
        message: "the file is not UTF-8".to_owned(),
        remedy: "save it as UTF-8".to_owned(),
    }
}
