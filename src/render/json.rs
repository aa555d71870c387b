//! json.

use super::Document;

/// Writes the document.
pub fn write(document: &Document) -> Vec<u8> {
    document.id.clone().into_bytes()
}
