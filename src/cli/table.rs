//! Tables: drawn on a terminal, tab-separated lines for anything else.
//!
//! On a terminal a row is one line, so that a screen holds as many sources as it has lines: where it is too narrow the
//! widest cells are cut. What has to be read whole, an error, stands below its row.

use std::io::IsTerminal;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::print_line;

/// The width of a terminal that does not say its own, in `$COLUMNS` neither.
const COLUMNS: u16 = 80;
/// Between two columns.
const GAP: usize = 2;
/// No cell is cut shorter.
const CELL_CHARS_MIN: usize = 8;

/// A row, and what is said below it at length.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// One for each column.
    pub(super) cells: Vec<String>,
    /// Such as an error.
    pub(super) note: Option<String>,
}

impl From<Vec<String>> for Row {
    fn from(cells: Vec<String>) -> Self {
        Self { cells, note: None }
    }
}

/// Draws rows under a heading, no wider than so many columns.
pub(super) fn drawn(heading: &[&str], rows: &[Row], columns: u16) -> String {
    let heading: Vec<String> = heading.iter().map(ToString::to_string).collect();
    let widths = widths(&heading, rows, usize::from(columns));
    let mut table = plain(ContentArrangement::Disabled);
    let cut = |cells: &[String]| -> Vec<String> {
        cells.iter().zip(&widths).map(|(cell, width)| cut(cell, *width)).collect()
    };
    table.add_row(cut(&heading));
    for row in rows {
        table.add_row(cut(&row.cells));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        let last = index + 1 == heading.len();
        column.set_padding((0, if last { 0 } else { u16::try_from(GAP).unwrap_or(0) }));
        let is_number = |row: &Row| row.cells.get(index).is_some_and(|cell| is_number(cell));
        if !rows.is_empty() && rows.iter().all(is_number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut lines = Vec::new();
    let notes = std::iter::once(None).chain(rows.iter().map(|row| row.note.as_deref()));
    for (index, (line, note)) in table.lines().zip(notes).enumerate() {
        lines.push(line.trim_end().to_owned());
        if index == 0 {
            let width = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
            lines.push("─".repeat(width.min(usize::from(columns))));
        }
        lines.extend(note.into_iter().flat_map(|note| wrapped(note, columns)));
    }
    lines.join("\n")
}

fn plain(arrangement: ContentArrangement) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(arrangement);
    table
}

/// Returns the width of each column: what its cells need, the widest made narrower until all fit.
fn widths(heading: &[String], rows: &[Row], columns: usize) -> Vec<usize> {
    let mut widths = vec![0; heading.len()];
    for cells in std::iter::once(heading).chain(rows.iter().map(|row| &*row.cells)) {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let gaps = GAP * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > columns {
        let Some(widest) = widths.iter_mut().max_by_key(|width| **width) else { break };
        if *widest <= CELL_CHARS_MIN {
            break;
        }
        *widest -= 1;
    }
    widths
}

/// Cuts a text to so many characters, the last of them an ellipsis.
fn cut(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    text.chars().take(chars.saturating_sub(1)).chain(['…']).collect()
}

fn is_number(cell: &str) -> bool {
    cell == "-" || cell.bytes().all(|byte| byte.is_ascii_digit())
}

/// Breaks a note into lines that stand below a row, set in.
fn wrapped(note: &str, columns: u16) -> Vec<String> {
    const INDENT: &str = "    ";
    let mut table = plain(ContentArrangement::Dynamic);
    table.set_width(columns.saturating_sub(4)).add_row([note]);
    for column in table.column_iter_mut() {
        column.set_padding((0, 0));
    }
    table.lines().map(|line| format!("{INDENT}{}", line.trim_end())).collect()
}

fn columns() -> u16 {
    let window = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    let own = window.map(|window| window.ws_col).filter(|columns| *columns > 0);
    let named = || super::environment("COLUMNS").and_then(|columns| columns.parse().ok());
    own.or_else(named).unwrap_or(COLUMNS)
}

/// Prints rows under a heading. `notes` is the heading of what stands below rows: a column of its own for programs.
pub(super) fn print(heading: &[&str], notes: Option<&str>, rows: &[Row]) {
    if std::io::stdout().is_terminal() {
        print_line(&drawn(heading, rows, columns()));
        return;
    }
    let heading: Vec<&str> = heading.iter().copied().chain(notes).collect();
    print_line(&heading.join("\t"));
    for row in rows {
        let mut cells = row.cells.clone();
        cells.extend(notes.map(|_| row.note.clone().unwrap_or_else(|| "-".to_owned())));
        print_line(&cells.join("\t"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_line_and_a_note_stands_below_it() {
        let row = |source: &str, count: &str, note: Option<&str>| Row {
            cells: vec![source.to_owned(), count.to_owned(), "why it is so".to_owned()],
            note: note.map(str::to_owned),
        };
        let rows = [row("a", "7", None), row("vnexpress-tin-moi", "120", Some("it failed badly"))];
        let expected = "source             new  why then\n\
                        ──────────────────────────────────\n\
                        a                    7  why it is so\n\
                        vnexpress-tin-moi  120  why it is so\n    it failed badly";
        assert_eq!(
            drawn(&["source", "new", "why then"], &rows, 80).replace('─', ""),
            expected.replace('─', "")
        );
        let narrow = drawn(&["source", "new", "why then"], &rows, 26);
        let expected = "source      new  why then\n\
                        a             7  why it i…\n\
                        vnexpress…  120  why it i…\n    it failed badly";
        let lines: Vec<&str> = narrow.lines().filter(|line| !line.starts_with('─')).collect();
        assert_eq!(lines.join("\n"), expected);
        for line in narrow.lines() {
            assert!(line.chars().count() <= 26, "{line}");
        }
    }
}
