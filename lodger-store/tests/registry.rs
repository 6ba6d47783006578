//! `store:` is there for everybody who links the crate, also without naming anything in it.

use lodger_core::destination::Destination;
use lodger_core::destination::registry::Scheme;
use lodger_store as _;

fn open(rest: &str, settings: &[(&str, &str)]) -> Result<Box<dyn Destination>, String> {
    let schemes = lodger_core::inventory::iter::<Scheme>;
    let Some(scheme) = schemes.into_iter().find(|scheme| scheme.name == "store") else {
        panic!("the linker has dropped the registration");
    };
    let settings = |name: &str| {
        settings.iter().find(|(setting, _)| *setting == name).map(|(_, value)| (*value).to_owned())
    };
    (scheme.open)(rest, &settings)
}

#[test]
fn the_scheme_opens_a_store_with_the_workspace_and_project_of_the_settings() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit").display().to_string();
    let settings = [("LODGER_WORKSPACE_ID", "acme"), ("LODGER_PROJECT_ID", "shop")];
    let identity = open(&path, &settings).unwrap().identity();
    assert_eq!(
        (identity.kind.as_str(), identity.workspace.as_str(), identity.project.as_str()),
        ("store", "acme", "shop")
    );
    assert!(std::path::Path::new(&identity.address).is_absolute());

    for unset in [&[][..], &[("LODGER_WORKSPACE_ID", ""), ("LODGER_PROJECT_ID", "")]] {
        let identity = open(&path, unset).unwrap().identity();
        assert_eq!((identity.workspace.as_str(), identity.project.as_str()), ("default", "core"));
    }
}

#[test]
fn mistakes_say_what_to_write() {
    assert_eq!(open("", &[]).unwrap_err(), "store: names no directory: write store:./data");
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = open(&file.path().display().to_string(), &[]).unwrap_err();
    assert!(error.ends_with("is not a directory: name another directory"), "{error}");
}
