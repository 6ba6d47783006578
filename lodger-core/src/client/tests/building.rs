use super::*;
use crate::destination::MemoryDestination;

fn problems(builder: LodgerBuilder) -> Vec<String> {
    builder.build().unwrap_err().problems().iter().map(ToString::to_string).collect()
}

#[test]
fn every_problem_is_reported_at_once() {
    let settings = Settings::table(&[("LODGER_HASH_KEY", "hunter2"), ("LODGER_DESTINATION", "nowhere:x")]);
    let twice = MemoryDestination::named("twice");
    let builder = LodgerBuilder::with(settings)
        .destination_from_env()
        .destination(twice.clone())
        .destination(twice)
        .in_memory_journal();
    let problems = problems(builder);
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems.iter().any(|problem| problem.contains("`nowhere`")), "{problems:?}");
    assert!(problems.iter().any(|problem| problem.contains("two destinations lead to memory:twice")));
    let key = problems.iter().find(|problem| problem.contains("LODGER_HASH_KEY")).unwrap();
    assert!(!key.contains("hunter2"), "a wrong secret is a secret too");
}

#[test]
fn no_destination_is_an_error_that_lists_the_choices() {
    for builder in [builder(), builder().destination_from_env()] {
        let problems = problems(builder.in_memory_journal());
        assert_eq!(problems.len(), 1, "{problems:?}");
        for choice in ["LODGER_DESTINATION", "file:./audit.jsonl", "stdout", "lodger"] {
            assert!(problems[0].contains(choice), "{choice} in {problems:?}");
        }
    }
}

#[test]
fn a_hash_key_of_another_length_is_an_error() {
    let builder = builder().destination(MemoryDestination::new()).in_memory_journal().hash_key([7; 16]);
    assert_eq!(problems(builder), ["hash_key: must be 32 bytes, not 16"]);
}

#[cfg(feature = "journal")]
#[test]
fn an_unwritable_journal_is_an_error_that_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let problems =
        problems(builder().destination(MemoryDestination::new()).journal_dir(file.join("journal")));
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("LODGER_JOURNAL_DIR"), "{problems:?}");
}

#[cfg(feature = "journal")]
#[test]
fn the_environment_names_journal_destination_and_origin() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, file) = (dir.path().join("journal"), dir.path().join("audit.jsonl"));
    let settings = Settings::table(&[
        ("LODGER_DESTINATION", &format!("file:{}", file.display())),
        ("LODGER_JOURNAL_DIR", journal.to_str().unwrap()),
        ("OTEL_SERVICE_NAME", "billing"),
        ("HOSTNAME", "web-1"),
    ]);
    let lodger = LodgerBuilder::with(settings).destination_from_env().build().unwrap();
    block_on(lodger.event(event("a.b"))).unwrap();
    assert!(journal.join("hash.key").is_file());
    let written: Event = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(written.origin.service.as_deref(), Some("billing"));
    assert_eq!(written.origin.host.as_deref(), Some("web-1"));
    assert!(block_on(lodger.shutdown(LONG)).is_clean());
}

#[test]
fn an_event_is_completed_and_redacted_before_it_is_queued() {
    let memory = MemoryDestination::new();
    let lodger = builder()
        .destination(memory.clone())
        .in_memory_journal()
        .service("billing")
        .version("3")
        .build()
        .unwrap();
    let event = Event::builder("invoice.update")
        .actor(crate::event::Actor::user("ada").tenant("acme"))
        .metadata("password", "canary-7f3a")
        .build()
        .unwrap();
    block_on(lodger.event(event)).unwrap();
    let event = &memory.events()[0];
    assert_eq!(event.tenant.as_deref(), Some("acme"));
    assert_eq!(event.origin.service.as_deref(), Some("billing"));
    assert_eq!(event.origin.version.as_deref(), Some("3"));
    assert!(!serde_json::to_string(event).unwrap().contains("canary-7f3a"));
    assert_eq!(event.position.unwrap().sequence, 1);
}

#[test]
fn an_event_that_breaks_a_limit_is_refused_by_name_and_counted() {
    let memory = MemoryDestination::new();
    let lodger = builder().destination(memory.clone()).in_memory_journal().build().unwrap();
    let mut long = event("a.b");
    long.description = Some("x".repeat(1_025));
    let error = block_on(lodger.record(long)).unwrap_err();
    assert!(error.to_string().contains("description"), "{error}");
    let counts = lodger.stats().counts;
    assert_eq!((counts.offered, counts.accepted, counts.invalid), (1, 0, 1));
}

#[test]
fn a_journal_in_which_no_event_fits_is_an_error() {
    let builder = |bytes| {
        let destinations =
            builder().destination(MemoryDestination::named("a")).destination(MemoryDestination::named("b"));
        destinations.in_memory_journal().max_journal_bytes(bytes)
    };
    let problems = problems(builder(8_191));
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("max_journal_bytes: must be at least 8192 bytes"), "{problems:?}");
    assert!(builder(8_192).build().is_ok());
}
