//! What the attribute says about mistakes, one a file, and a program that makes none.

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    // The assertions of the testing kit, which are lodger-core's: here a program to put them into is built anyway.
    cases.compile_fail("tests/assertions/*.rs");
}
