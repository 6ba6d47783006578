//! Every operation of the client, with an answer that it can read.

use std::pin::Pin;

use lodger_core::service::lodger::{
    ActivityCall, ConsentCall, ConsentMode, EventCall, LodgerApi, LodgerError, PolicyCall, QueryCall,
    RawCall, TokenCall,
};
use serde_json::{Value, json};

use crate::CANARY;
use crate::loopback::{Reply, Step};

type Made<'a> = Pin<Box<dyn Future<Output = Result<Value, LodgerError>> + Send + 'a>>;

pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// It may be repeated though the first one may have been acted upon.
    pub(crate) harmless: bool,
    /// It always goes under an idempotency key.
    pub(crate) keyed: bool,
    /// Any JSON is an answer to it.
    pub(crate) shapeless: bool,
    pub(crate) answer: Value,
    call: fn(&LodgerApi) -> Made<'_>,
}

impl Operation {
    /// Makes the call. What came is JSON again.
    pub(crate) async fn make(&self, api: &LodgerApi) -> Result<Value, LodgerError> {
        (self.call)(api).await
    }

    pub(crate) fn good(&self) -> Step {
        Step::Reply(Reply::json(202, &self.answer))
    }
}

pub(crate) fn receipt() -> Value {
    json!({
        "accepted": true, "eventId": "evt_1", "receipt": "rcpt_1", "eventHash": "9f2b", "previousHash": "0000",
        "timestamp": "2026-05-15T12:00:00.000Z", "actor": {"id": "u", "type": "user"},
        "target": {"id": "t", "type": "account"}, "verificationUrl": "https://lodger.dev/receipts/rcpt_1",
        "queued": true,
    })
}

pub(crate) fn entry(sequence: u64) -> Value {
    json!({
        "id": format!("evt_{sequence}"), "workspaceId": "org_1", "projectId": "core", "action": "a.b",
        "actor": {"id": "u", "type": "user"}, "target": {"id": "t", "type": "account"},
        "occurredAt": "2026-05-15T12:00:00.000Z", "sequence": sequence, "hash": "9f2b", "previousHash": "0000",
        "receipt": format!("rcpt_{sequence}"), "integrity": "verified", "lane": "security", "storageTier": "hot",
    })
}

pub(crate) fn page(sequences: impl IntoIterator<Item = u64>, next: impl Into<Value>) -> Value {
    let events: Vec<Value> = sequences.into_iter().map(entry).collect();
    json!({"returned": events.len(), "events": events, "total": 9, "nextCursor": next.into(), "verified": true})
}

pub(crate) fn activity_page(sequences: impl IntoIterator<Item = u64>, next: impl Into<Value>) -> Value {
    let mut page = page(sequences, next);
    for (name, value) in [("workspaceId", "org_1"), ("projectId", "core"), ("subject", "u")] {
        page[name] = value.into();
    }
    page["policyVersion"] = 3.into();
    page
}

/// A token's answer with these members of its own.
fn token(own: Value) -> Value {
    let mut answer = json!({
        "token": "tok_1", "workspaceId": "org_1", "projectId": "core", "expiresAt": "2026-05-15T12:15:00.000Z",
    });
    answer.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    answer
}

fn json(result: Result<impl serde::Serialize, LodgerError>) -> Result<Value, LodgerError> {
    result.map(|answer| serde_json::to_value(answer).unwrap())
}

pub(crate) fn operations() -> Vec<Operation> {
    let write =
        |name, answer, call| Operation { name, harmless: true, keyed: true, shapeless: false, answer, call };
    let read =
        |name, answer, call| Operation { name, harmless: true, keyed: false, shapeless: false, answer, call };
    let any = |name, answer, call| Operation { shapeless: true, ..read(name, answer, call) };
    let mint = |name, answer, call| Operation {
        name,
        harmless: false,
        keyed: false,
        shapeless: false,
        answer,
        call,
    };
    vec![
        write("event", receipt(), |api| {
            Box::pin(async { json(api.event(EventCall::new("a.b", "u", "t")).await) })
        }),
        write("consent", json!({"receipt": receipt()}), |api| {
            Box::pin(async {
                json(api.consent(ConsentCall::new("u", ConsentMode::Explicit, 3, "signup")).await)
            })
        }),
        read("query", page([41], 41), |api| Box::pin(async { json(api.query(QueryCall::new()).await) })),
        read("receipt", json!({"receipt": receipt(), "entry": entry(41), "verified": true}), |api| {
            Box::pin(async { json(api.receipt("rcpt_1").await) })
        }),
        read("activity", activity_page([41], 41), |api| {
            Box::pin(async { json(api.activity(ActivityCall::new(CANARY)).await) })
        }),
        any("published_policy", json!({"version": 3}), |api| {
            Box::pin(async { api.published_policy(PolicyCall::new().version(3)).await })
        }),
        any("request", json!({"version": 3}), |api| {
            Box::pin(async { api.request(RawCall::get("/v1/x")).await })
        }),
        mint(
            "activity_token",
            token(json!({"activityUrl": "https://lodger.dev/a#t", "subject": "u"})),
            |api| Box::pin(async { json(api.activity_token("u").await) }),
        ),
        mint(
            "receipt_token",
            token(json!({"receiptUrl": "https://lodger.dev/r#t", "receipt": "rcpt_1"})),
            |api| Box::pin(async { json(api.receipt_token("rcpt_1", TokenCall::new()).await) }),
        ),
        mint("policy_token", json!({"token": "tok_1"}), |api| {
            Box::pin(async { json(api.policy_token(TokenCall::new()).await) })
        }),
        mint(
            "evidence_token",
            token(
                json!({"evidenceUrl": "https://lodger.dev/e#t", "downloadUrl": "https://l/d", "packId": "p"}),
            ),
            |api| Box::pin(async { json(api.evidence_token("p", TokenCall::new()).await) }),
        ),
    ]
}
