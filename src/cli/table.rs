//! Tables: drawn on a terminal, tab-separated lines for anything else.

use std::io::IsTerminal;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};

use super::print_line;

/// The width of a terminal that does not say its own, in `$COLUMNS` neither.
const COLUMNS: u16 = 80;

/// Draws rows under a heading, no wider than so many columns; long cells are wrapped.
pub(super) fn drawn(heading: &[&str], rows: &[Vec<String>], columns: u16) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(columns);
    table.set_header(heading.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}

fn columns() -> u16 {
    let window = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    let own = window.map(|window| window.ws_col).filter(|columns| *columns > 0);
    let named = || super::environment("COLUMNS").and_then(|columns| columns.parse().ok());
    own.or_else(named).unwrap_or(COLUMNS)
}

/// Prints rows under a heading.
pub(super) fn print(heading: &[&str], rows: &[Vec<String>]) {
    if std::io::stdout().is_terminal() {
        print_line(&drawn(heading, rows, columns()));
        return;
    }
    print_line(&heading.join("\t"));
    for row in rows {
        print_line(&row.join("\t"));
    }
}
