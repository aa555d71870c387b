//! Addresses.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/support/fuzzed.rs"]
mod fuzzed;

fuzz_target!(|input: &str| fuzzed::address(input));
