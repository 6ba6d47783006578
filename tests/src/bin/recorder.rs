//! Records events and says what became of each: `lodger_tests::disk::recorder` tells how.

fn main() {
    lodger_tests::disk::recorder::main(std::env::args().skip(1));
}
