use lodger_core::{assert_not_audited, testing};

fn main() {
    let audit = testing::capture();
    assert_not_audited!(audit, "invoice.update", times = 2);
}
