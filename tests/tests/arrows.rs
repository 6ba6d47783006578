//! Who may import whom: the arrows of `docs/architecture.md`, read from the sources.
//!
//! A test and not a lint, because the modules of one crate see each other whatever we draw.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there, with a backtrace")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module of lodger-core, and the modules of lodger-core that it may import.
const CORE: [(&str, &[&str]); 12] = [
    ("background", &[]),
    ("event", &[]),
    ("redact", &["event"]),
    ("capture", &["background", "event", "redact"]),
    ("rt", &["event", "redact", "capture"]),
    ("service", &["event"]),
    ("destination", &["event", "service"]),
    // A journal keeps the identities of its destinations, and the place of its events.
    ("journal", &["event", "destination"]),
    ("pipeline", &["background", "event", "redact", "service", "destination", "journal"]),
    (
        "client",
        &["background", "event", "redact", "capture", "service", "destination", "journal", "pipeline"],
    ),
    ("testing", &["background", "event", "redact", "capture", "destination", "client"]),
    // Compiled for tests and for the fuzz targets only.
    ("fuzzing", &["event", "capture", "service", "destination", "journal", "pipeline"]),
];

/// What an adapter must not import from lodger-core: how events travel is none of its business.
const NOT_FOR_ADAPTERS: [&str; 4] = ["pipeline", "journal", "destination", "service"];

/// What lodger-core must not know.
const NOT_FOR_CORE: [&str; 5] = ["lodger_store", "lodger_axum", "lodger_actix", "rusqlite", "sqlx"];

#[test]
fn the_modules_of_the_core_import_along_the_arrows() {
    let mut violations = Vec::new();
    for (module, allowed) in CORE {
        let files = sources(&root().join("lodger-core/src"), module);
        assert!(!files.is_empty(), "lodger-core has no module {module}");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for imported in imports(&text, "crate") {
                let known = CORE.iter().any(|(name, _)| *name == imported);
                if known && imported != module && !allowed.contains(&imported.as_str()) {
                    violations.push(format!("{}: {module} imports {imported}", file.display()));
                }
            }
        }
    }
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn every_module_of_the_core_has_its_arrows() {
    let text = fs::read_to_string(root().join("lodger-core/src/lib.rs")).unwrap();
    let code = code(&text);
    let modules =
        code.lines().filter_map(|line| Some(line.strip_suffix(';')?.split_once("mod ")?.1.to_owned()));
    let unknown: Vec<_> = modules.filter(|module| CORE.iter().all(|(name, _)| name != module)).collect();
    assert!(unknown.is_empty(), "say in this test what they may import: {unknown:?}");
}

#[test]
fn the_adapters_import_neither_pipeline_nor_journal_nor_destinations() {
    let mut violations = Vec::new();
    for adapter in ["lodger-axum", "lodger-actix"] {
        for file in sources(&root().join(adapter), "src") {
            let text = fs::read_to_string(&file).unwrap();
            for imported in imports(&without_re_exports(&text), "lodger_core") {
                if NOT_FOR_ADAPTERS.contains(&imported.as_str()) {
                    violations.push(format!("{}: imports lodger_core::{imported}", file.display()));
                }
            }
        }
    }
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn the_core_knows_neither_sql_nor_its_users() {
    let mut violations = Vec::new();
    for file in sources(&root().join("lodger-core"), "src") {
        let text = fs::read_to_string(&file).unwrap();
        for name in NOT_FOR_CORE {
            if !imports(&text, name).is_empty() {
                violations.push(format!("{}: {name}", file.display()));
            }
        }
    }
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn the_macros_depend_on_no_crate_of_ours() {
    let manifest = fs::read_to_string(root().join("lodger-macros/Cargo.toml")).unwrap();
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    assert!(!dependencies.contains("lodger-"), "{dependencies}");
}

#[test]
fn a_violation_is_seen_however_it_is_written() {
    for text in [
        "use crate::journal::Writer;",
        "use crate::{event::Event, journal::{Writer, Backlog}};",
        "use crate::{\n    event::Event,\n    journal,\n};",
        "pub(crate) use crate::journal as log;",
        "fn open() -> crate::journal::Writer { todo() }",
        "use crate::event::Event; // and so on\nuse crate::journal::Writer;",
    ] {
        assert!(imports(text, "crate").contains("journal"), "{text}");
    }
}

#[test]
fn words_in_comments_texts_and_tests_import_nothing() {
    for text in [
        "// use crate::journal::Writer;",
        "/// See [`crate::journal`].",
        "use crate::event::Event;\n#[cfg(test)]\nmod tests {\n    use crate::journal::Writer;\n}\n",
        "use other_crate::journal::Writer;",
    ] {
        assert!(!imports(text, "crate").contains("journal"), "{text}");
    }
}

#[test]
fn a_re_export_is_no_use() {
    let text = "use lodger_core::event::Event;\npub use lodger_core::{\n    journal,\n    pipeline,\n};\nuse lodger_core::client::Lodger;";
    let used = imports(&without_re_exports(text), "lodger_core");
    assert_eq!(used.into_iter().collect::<Vec<_>>(), ["client", "event"]);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The Rust files of a module, `module.rs` and everything under `module/`, without those that hold only tests.
fn sources(directory: &Path, module: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let file = directory.join(format!("{module}.rs"));
    if file.exists() {
        found.push(file);
    }
    let mut open = vec![directory.join(module)];
    while let Some(directory) = open.pop() {
        let Ok(entries) = fs::read_dir(directory) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let only_tests = path.file_stem().is_some_and(|name| name == "tests");
            if path.is_dir() && !only_tests {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !only_tests {
                found.push(path);
            }
        }
    }
    found
}

/// The text without comments, and without the test module at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The code without its `pub use` statements: an adapter shows its users all of the core, and uses little of it.
fn without_re_exports(text: &str) -> String {
    let code = code(text);
    let mut statements = code.split("\npub use ");
    let mut kept = statements.next().unwrap_or_default().to_owned();
    for statement in statements {
        kept.push('\n');
        kept.push_str(statement.split_once(';').map_or("", |(_, rest)| rest));
    }
    kept
}

/// The names that directly follow `origin::` anywhere in the code, also in braces.
fn imports(text: &str, origin: &str) -> BTreeSet<String> {
    let code = code(text);
    let path = format!("{origin}::");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices(&path) {
        let is_a_name_of_its_own =
            !code[..at].ends_with(|before: char| before == '_' || before.is_alphanumeric());
        if is_a_name_of_its_own {
            found.extend(first_names(&code[at + path.len()..]));
        }
    }
    found
}

/// `a::b` gives a; `{a::b, c::{d, e}}` gives a and c.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| {
        text.trim_start().chars().take_while(|c| *c == '_' || c.is_alphanumeric()).collect::<String>()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut names = vec![name(group)];
    let mut depth = 0_usize;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}
