//! Secrets that clients send and careless handlers record are in no byte of the journal, the store, the file, the dead
//! letters, the requests to a service, or anything that was printed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::child::{run, start};
use crate::loopback::{Loopback, Reply};
use crate::secrets::environment;

/// What a client sends: each in a place where secrets are sent.
const SECRETS: [&str; 7] = [
    "canary-pa55word-1",
    "canary-query-2",
    "canary-header-3",
    "canary-cookie-4",
    "canary-session-5",
    "4111 1111 1111 1111",
    "ghp_canary6canary6canary6canary6canary66",
];

fn sign_up(address: SocketAddr) -> String {
    let [password, query, header, cookie, session, card, note] = SECRETS;
    let body = format!(r#"{{"password":"{password}","card":"{card}","note":"see {note}"}}"#);
    let request = format!(
        "POST /accounts?token={query} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {header}\r\n\
         x-api-key: {header}\r\ncookie: other={cookie}; sid={session}\r\nuser-agent: curl/8 Bearer {note}\r\n\
         referer: http://localhost/?token={query}\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn keeps_secrets(framework: &'static str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // Refused for good, so that there are dead letters.
    let server = runtime.block_on(Loopback::replying(Reply::text(422, "")));
    let base = server.base();
    let directory = tempfile::tempdir().unwrap();
    let everywhere = [("LODGER_DESTINATION", "store:./store,file:./audit.jsonl,stdout:json,lodger")];
    let environment = environment(&base, &everywhere);
    let mut serving = start(framework, directory.path(), &environment);
    let address = serving.address();
    for _ in 0..3 {
        let answer = sign_up(address);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    let said = serving.end(directory.path());
    let received: Vec<u8> = server.requests().into_iter().flat_map(|request| request.body).collect();
    let received = String::from_utf8(received).unwrap();
    for secret in SECRETS {
        assert_eq!(said.places_of(secret), Vec::<&str>::new(), "{secret}");
        assert!(!received.contains(secret), "{secret}");
    }
    // The events are everywhere: the secrets aren't missing because nothing was written.
    for (place, holds) in [
        ("the service", received.contains("account.create")),
        ("standard output", said.out.contains("account.create")),
        ("standard error", said.err.contains("TRACE")),
    ] {
        assert!(holds, "{place} holds no event");
    }
    for file in ["/store/", "audit.jsonl", "/dead/", "/journal/"] {
        let mut files = said.files.iter().filter(|(path, _)| path.contains(file));
        assert!(files.any(|(_, bytes)| String::from_utf8_lossy(bytes).contains("account.create")), "{file}");
    }
    assert!(received.contains("[redacted]"), "{received}");
    // A second process finds no secret to tell either.
    let again = run("client", directory.path(), &environment);
    for secret in SECRETS {
        assert_eq!(again.places_of(secret), Vec::<&str>::new(), "{secret}");
    }
}

#[test]
fn on_axum() {
    keeps_secrets("axum");
}

#[test]
fn on_actix() {
    keeps_secrets("actix");
}
