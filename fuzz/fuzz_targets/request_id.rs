#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lodger_core::fuzzing::run("request_id", bytes));
