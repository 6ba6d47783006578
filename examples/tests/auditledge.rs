//! The Auditledge example, against its stand-in.

use std::process::Command;

#[test]
fn the_example_shows_what_arrived_and_ends() {
    let run =
        Command::new(env!("CARGO_BIN_EXE_auditledge")).env_remove("AUDITLEDGE_API_KEY").output().unwrap();
    let shown = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{shown}{}", String::from_utf8_lossy(&run.stderr));
    for expected in [
        " ada invoice.create ",
        r#""field":"/amount","#,
        r#""new_value":2100,"old_value":1900"#,
        " billing invoice.remind null",
        "id,timestamp,actor_id,actor_name,action,resource_type,resource_id,resource_name,organization_id\n",
        ",ada,Ada Lovelace,invoice.update,invoice,1,,org_789\n",
        "3 of Some(10000) events of the plan free",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
}
