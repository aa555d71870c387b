//! Documents.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/support/fuzzed.rs"]
mod fuzzed;

fuzz_target!(|input: &[u8]| fuzzed::document(input));
