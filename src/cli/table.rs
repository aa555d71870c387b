//! Tables: drawn on a terminal, tab-separated lines for anything else.

use std::io::IsTerminal;

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::print_line;

/// Prints rows under a heading.
pub(super) fn print(heading: &[&str], rows: &[Vec<String>]) {
    if std::io::stdout().is_terminal() {
        let mut table = Table::new();
        table.load_style(NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        if let Some(columns) = columns() {
            table.set_width(columns);
        }
        table.set_header(heading.iter().copied());
        for row in rows {
            table.add_row(row);
        }
        print_line(&table.to_string());
        return;
    }
    print_line(&heading.join("\t"));
    for row in rows {
        print_line(&row.join("\t"));
    }
}

/// Returns the width of the terminal, when it says.
fn columns() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col)
}
