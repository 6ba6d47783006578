#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lodger_core::fuzzing::run("http_answer", bytes));
