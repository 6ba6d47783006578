use lodger_core::{assert_audited, testing};

fn main() {
    let audit = testing::capture();
    assert_audited!(audit, "invoice.update", times = 0);
}
