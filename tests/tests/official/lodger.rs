//! Lodger: the TypeScript SDK 0.2.0 under node, and `lodger_core::service::lodger`.

mod differences;

use std::time::Duration;

use lodger_core::event::Retention;
use lodger_core::service::Retries;
use lodger_core::service::lodger::{
    ActivityCall, ActivityTokenCall, CallOptions, ConsentCall, ConsentMode, EventCall, EventType, Lane,
    LodgerApi, LodgerError, Party, PolicyCall, QueryCall, RawCall, ReceiptCall, RequestContext, Source,
    Storage,
};
use lodger_tests::official;
use lodger_tests::require::{self, Requirement};
use serde_json::{Map, Value, json};

use super::{Case, Loopback, Made, Recorded, Reply, cases, compare, made, official, server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_on_the_wire_what_the_official_sdk_makes_of_it() {
    if !require::all(&[Requirement::LodgerSdk]) {
        return;
    }
    let cases = cases::read(include_str!("lodger.json"));
    let recorder = server(answer).await;
    let official = official("node", "lodger.mjs", &official::lodger().unwrap(), &cases, &recorder);
    let recorder = server(answer).await;
    let ours = ours(&cases, &recorder).await;
    compare(&cases, &official, &ours, differences::ALL);
}

async fn ours(cases: &[Case], server: &Loopback) -> Vec<Made> {
    let mut outcomes = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let outcome = call(case, &format!("{}/{number}", server.base())).await;
        outcomes.push(outcome.err().unwrap_or_else(|| "ok".to_owned()));
    }
    made(cases, server, outcomes)
}

/// Makes the call of a case as somebody would write it who reads the official SDK's arguments. What is null or undefined is
/// left out.
async fn call(case: &Case, base: &str) -> Result<(), String> {
    let api = client(&case.client, base)?;
    let argument = |number: usize| case.args.get(number).unwrap_or(&Value::Null);
    let made = match case.operation.as_str() {
        "new" => return Ok(()),
        "event" | "log" | "withCatalog.event" => {
            let (action, input, options) = match argument(0) {
                Value::String(action) => (action.as_str(), argument(1), argument(2)),
                input => (input["action"].as_str().unwrap(), input, argument(1)),
            };
            let event = event(action, input, &case.catalog).options(options_of(options));
            match case.operation.as_str() {
                "log" => api.log(event).await.map(drop),
                _ => api.event(event).await.map(drop),
            }
        }
        "consent" => api.consent(consent(argument(0)).options(options_of(argument(1)))).await.map(drop),
        "query" => api.query(query(argument(0)).options(options_of(argument(1)))).await.map(drop),
        "receipt" => api.receipt(receipt(argument(0), argument(1))).await.map(drop),
        "activityToken" => {
            let call = activity_token(argument(0), argument(1)).options(options_of(argument(2)));
            api.activity_token(call).await.map(drop)
        }
        "activity" => {
            api.activity(activity(argument(0), argument(1)).options(options_of(argument(2)))).await.map(drop)
        }
        "publishedPolicy" => {
            api.published_policy(policy(argument(0)).options(options_of(argument(1)))).await.map(drop)
        }
        "request" => {
            api.request(raw(argument(0), argument(1)).options(options_of(argument(1)))).await.map(drop)
        }
        other => panic!("there is no operation {other}"),
    };
    made.map_err(|error: LodgerError| error.to_string())
}

fn client(options: &Map<String, Value>, base: &str) -> Result<LodgerApi, String> {
    let text = |name: &str| options.get(name).and_then(Value::as_str);
    let base = text("apiBase").unwrap_or("<base>").replace("<base>", base);
    let mut builder = LodgerApi::builder(text("workspaceId").unwrap(), text("projectId").unwrap())
        .api_key(text("apiKey").unwrap())
        .api_base(base)
        .retries(Retries::none());
    if let Some(environment) = text("environment") {
        builder = builder.environment(environment);
    }
    if let Some(server) = text("server") {
        builder = builder.server(server);
    }
    builder.build().map_err(|invalid| invalid.to_string())
}

fn event(action: &str, input: &Value, catalog: &Value) -> EventCall {
    let (actor, target) = (party(&input["actor"]), party(&input["target"]));
    let mut call = match catalog.get(action) {
        Some(entry) => EventCall::of(&catalogued(action, entry), actor, target),
        None => EventCall::new(action, actor, target),
    };
    for (member, value) in said(input) {
        call = match member.as_str() {
            "occurredAt" => call.occurred_at(time(value)),
            "metadata" => call.metadata(value.as_object().unwrap().clone()),
            "userVisible" => call.user_visible(value.as_bool().unwrap()),
            "retention" => call.retention(serde_json::from_value::<Retention>(value.clone()).unwrap()),
            "source" => call.source(match value.as_str().unwrap() {
                "api" => Source::Api,
                "automation" => Source::Automation,
                "dashboard" => Source::Dashboard,
                "system" => Source::System,
                other => panic!("there is no source {other}"),
            }),
            "workspaceId" => call.workspace(value.as_str().unwrap()),
            "projectId" => call.project(value.as_str().unwrap()),
            // The SDK drops what it doesn't know; here it can't be said.
            _ => call,
        };
    }
    call
}

/// An entry of a catalog. Texts are leaked: a catalog is made of constants.
fn catalogued(action: &str, entry: &Value) -> EventType {
    let leak = |text: &str| -> &'static str { text.to_owned().leak() };
    let mut kind = EventType::new(leak(action));
    if let Some(target_type) = entry["targetType"].as_str() {
        kind = kind.target_type(leak(target_type));
    }
    if entry["userVisible"] == true { kind.user_visible() } else { kind }
}

fn party(value: &Value) -> Party {
    let Value::Object(members) = value else { return Party::from(value.as_str().unwrap()) };
    let mut party = Party::new(members["id"].as_str().unwrap());
    for (member, value) in members {
        party = match member.as_str() {
            "id" => party,
            "type" => value.as_str().map_or(party.clone(), |kind| party.kind(kind)),
            "email" if value.is_string() => party.email(value.as_str().unwrap()),
            "name" if value.is_string() => party.name(value.as_str().unwrap()),
            other => party.member(other, value.clone()),
        };
    }
    party
}

fn consent(input: &Value) -> ConsentCall {
    let mode = if input["mode"] == "explicit" { ConsentMode::Explicit } else { ConsentMode::Implicit };
    let version = input["policyVersion"].as_u64().unwrap();
    let mut call =
        ConsentCall::new(party(&input["subject"]), mode, version, input["surface"].as_str().unwrap());
    for (member, value) in said(input) {
        call = match member.as_str() {
            "metadata" => call.metadata(value.as_object().unwrap().clone()),
            "workspaceId" => call.workspace(value.as_str().unwrap()),
            "projectId" => call.project(value.as_str().unwrap()),
            _ => call,
        };
    }
    call
}

fn query(input: &Value) -> QueryCall {
    let mut call = QueryCall::new();
    for (member, value) in said(input) {
        let text = value.as_str().unwrap_or_default();
        call = match member.as_str() {
            "workspaceId" => call.workspace(text),
            "projectId" => call.project(text),
            "query" => call.query(text),
            "lane" => match text {
                "security" => call.lane(Lane::Security),
                "data" => call.lane(Lane::Data),
                "policy" => call.lane(Lane::Policy),
                "operations" => call.lane(Lane::Operations),
                _ => call,
            },
            "storage" => match text {
                "hot" => call.storage(Storage::Hot),
                "archive" => call.storage(Storage::Archive),
                _ => call,
            },
            "includeArchive" => call.include_archive(value.as_bool().unwrap()),
            "userVisible" => call.user_visible(value.as_bool().unwrap()),
            "from" => call.from(time(value)),
            "to" => call.to(time(value)),
            "cursor" => call.cursor(value.as_i64().unwrap()),
            "limit" => call.limit(value.as_u64().unwrap().try_into().unwrap()),
            other => panic!("a query has no {other}"),
        };
    }
    call
}

fn receipt(id: &Value, options: &Value) -> ReceiptCall {
    let mut call = ReceiptCall::new(id.as_str().unwrap());
    for (member, value) in said(options) {
        call = match member.as_str() {
            "workspaceId" => call.workspace(value.as_str().unwrap()),
            "environment" => call.environment(value.as_str().unwrap()),
            "server" => call.server(value.as_str().unwrap()),
            "request" => call.request(context(value)),
            other => panic!("the verification of a receipt has no {other}"),
        };
    }
    call
}

fn activity_token(subject: &Value, input: &Value) -> ActivityTokenCall {
    let mut call = ActivityTokenCall::new(subject.as_str().unwrap());
    for (member, value) in said(input) {
        call = match member.as_str() {
            "workspaceId" => call.workspace(value.as_str().unwrap()),
            "projectId" => call.project(value.as_str().unwrap()),
            "expiresInSeconds" => call.expires_in(Duration::from_secs(value.as_u64().unwrap())),
            other => panic!("an activity token has no {other}"),
        };
    }
    call
}

fn activity(token: &Value, input: &Value) -> ActivityCall {
    let mut call = ActivityCall::new(token.as_str().unwrap());
    for (member, value) in said(input) {
        call = match member.as_str() {
            "workspaceId" => call.workspace(value.as_str().unwrap()),
            "query" => call.query(value.as_str().unwrap()),
            "cursor" => call.cursor(value.as_i64().unwrap()),
            "limit" => call.limit(value.as_u64().unwrap().try_into().unwrap()),
            other => panic!("activity has no {other}"),
        };
    }
    call
}

fn policy(input: &Value) -> PolicyCall {
    let mut call = PolicyCall::new();
    for (member, value) in said(input) {
        call = match member.as_str() {
            "workspaceId" => call.workspace(value.as_str().unwrap()),
            "projectId" => call.project(value.as_str().unwrap()),
            "version" => match value {
                Value::String(version) => call.version(version),
                number => call.version(number),
            },
            other => panic!("a policy has no {other}"),
        };
    }
    call
}

fn raw(path: &Value, options: &Value) -> RawCall {
    let path = path.as_str().unwrap();
    let mut call = match options["method"].as_str() {
        None | Some("GET") => RawCall::get(path),
        Some("POST") => RawCall::post(path),
        Some("PATCH") => RawCall::patch(path),
        Some("DELETE") => RawCall::delete(path),
        Some(other) => panic!("there is no method {other}"),
    };
    // Here null is a body.
    if let Some(body) = options.get("body") {
        call = call.body(body.clone());
    }
    for (name, value) in options["headers"].as_object().into_iter().flatten() {
        call = call.header(name, value.as_str().unwrap());
    }
    if options["auth"] == false { call.without_credential() } else { call }
}

fn options_of(options: &Value) -> CallOptions {
    let mut call = CallOptions::new();
    for (member, value) in said(options) {
        call = match member.as_str() {
            "idempotencyKey" => call.idempotency_key(value.as_str().unwrap()),
            "environment" => call.environment(value.as_str().unwrap()),
            "server" => call.server(value.as_str().unwrap()),
            "request" => call.request(context(value)),
            _ => call,
        };
    }
    call
}

fn context(request: &Value) -> RequestContext {
    let text = |name: &str| request[name].as_str().map(str::to_owned);
    RequestContext {
        request_id: text("requestId"),
        session_id: text("sessionId"),
        trace_id: text("traceId"),
        traceparent: text("traceparent"),
    }
}

/// The members that are there: neither null nor undefined.
fn said(input: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let members = input.as_object().into_iter().flatten();
    members.filter(|(_, value)| !value.is_null() && value.get("$undefined").is_none())
}

/// A time: a text, or a date, which is written as JavaScript does.
fn time(value: &Value) -> &str {
    value.get("$date").unwrap_or(value).as_str().unwrap()
}

/// What the service answers: just enough for both clients to be content.
fn answer(request: &Recorded) -> Reply {
    let path = request.path.split('?').next().unwrap();
    let receipt = json!({
        "accepted": true, "eventId": "evt_1", "receipt": "rcpt_1", "eventHash": "9f2b", "previousHash": "0000",
        "timestamp": "2026-05-15T12:00:00.000Z", "actor": {"id": "u", "type": "user"},
        "target": {"id": "t", "type": "account"}, "verificationUrl": "https://lodger.dev/receipts/rcpt_1",
        "queued": true,
    });
    let page = json!({"events": [], "returned": 0, "total": 0, "nextCursor": 0, "verified": true,
        "workspaceId": "org_1", "projectId": "core", "subject": "u", "query": null, "policyVersion": 3});
    let ends = |end: &str| path.ends_with(end);
    match request.method.as_str() {
        "POST" if ends("/v1/events") => Reply::json(202, &receipt),
        "POST" if ends("/v1/consents") => Reply::json(202, &json!({"receipt": receipt})),
        "POST" if ends("/activity-tokens") => Reply::json(
            200,
            &json!({"token": "act_1", "activityUrl": "https://lodger.dev/activity#token=act_1", "subject": "u",
                "workspaceId": "org_1", "projectId": "core", "expiresAt": "2026-05-22T12:00:00.000Z"}),
        ),
        "GET" if ends("/events") || ends("/activity") => Reply::json(200, &page),
        "GET" if path.contains("/receipts/") => {
            Reply::json(200, &json!({"receipt": receipt, "entry": null, "verified": true}))
        }
        _ => Reply::json(200, &json!({})),
    }
}
