//! Auditledge: the Python client 0.1.1, and `lodger_core::service::auditledge`.

use lodger_core::service::Retries;
use lodger_core::service::auditledge::{Actor, AuditledgeApi, EventCall, Filter, Query, Resource};
use lodger_tests::official;
use lodger_tests::require::{self, Requirement};
use serde_json::{Map, Value, json};

use super::compare::{Difference, NOTHING, SOMETHING, compare, differs};
use super::{Case, Loopback, Made, Recorded, Reply, cases, made, official, server};

const BEARER: &str = "/headers/authorization";
const AUTH: &str = "a key has no spaces around it: those are from copying";
const LIMIT: &str = "official pages disagree about the default, so the API reference's is sent";
const FORMAT: &str = "what we are going to read is said";
const LEFT_OUT: &str = "what is null is left out";
const NONE: &str = "the text None would be searched for";
const BLANK: &str = "a blank filter might be taken for none, and widen the answer silently";
const ELSEWHERE: &str = "the path would be another one: that of the list, or of everything";
const ENCODED: &str =
    "an id is one segment of the path, whatever is in it; the official client sends it as it is, or can't";
const TWO_SLASHES: &str = "one slash at the end of a base address is a matter of taste";

const DIFFERENCES: &[Difference] = &[
    differs(r#"*: key = "  outer  ""#, BEARER, r#""Bearer   outer""#, r#""Bearer outer""#, AUTH),
    differs(
        r#"*: key = "a b""#,
        "",
        SOMETHING,
        NOTHING,
        "a bearer token has no spaces in it (RFC 6750, section 2.1)",
    ),
    differs("log: base with a slash", "/path", r#""/v1//events""#, r#""/v1/events""#, TWO_SLASHES),
    differs("log: null members", "/body/actor/name", "null", NOTHING, LEFT_OUT),
    differs("log: null members", "/body/actor/email", "null", NOTHING, LEFT_OUT),
    differs("log: null members", "/body/resource/name", "null", NOTHING, LEFT_OUT),
    differs("log: null members", "/body/organization_id", "null", NOTHING, LEFT_OUT),
    differs("log: null members", "/body/metadata", "null", NOTHING, LEFT_OUT),
    differs("log: null members", "/body/timestamp", "null", NOTHING, LEFT_OUT),
    differs("query", "/query/limit", NOTHING, r#"["20"]"#, LIMIT),
    differs("query: null", "/query/limit", NOTHING, r#"["20"]"#, LIMIT),
    differs("query: nothing", "/query/limit", NOTHING, r#"["20"]"#, LIMIT),
    differs("query: null filters", "/query/actor_id", r#"["None"]"#, NOTHING, NONE),
    differs("query: null filters", "/query/search", r#"["None"]"#, NOTHING, NONE),
    differs("export: null filters", "/query/actor_id", r#"["None"]"#, NOTHING, NONE),
    differs(r#"query: * = """#, "", SOMETHING, NOTHING, BLANK),
    differs(r#"query: * = "   ""#, "", SOMETHING, NOTHING, BLANK),
    differs(r#"export: * = """#, "", SOMETHING, NOTHING, BLANK),
    differs(r#"export: * = "   ""#, "", SOMETHING, NOTHING, BLANK),
    differs("get: id = *", "", NOTHING, SOMETHING, ENCODED),
    differs(r#"get: id = "%2F%2e""#, "/path", r#""/events/%2F%2e""#, r#""/events/%252F%252e""#, ENCODED),
    differs(r#"get: id = "   ""#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"get: id = ".""#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"get: id = "..""#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"get: id = "export""#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs("export", "/query/format", NOTHING, r#"["json"]"#, FORMAT),
    differs("export: nothing", "/query/format", NOTHING, r#"["json"]"#, FORMAT),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_on_the_wire_what_the_official_client_makes_of_it() {
    if !require::all(&[Requirement::AuditledgeSdk]) {
        return;
    }
    let cases = cases::read(include_str!("auditledge.json"));
    let recorder = server(answer).await;
    let directory = official::auditledge().unwrap();
    let official = official("python3", "auditledge.py", &directory, &cases, &recorder);
    let recorder = server(answer).await;
    let ours = ours(&cases, &recorder).await;
    compare(&cases, &official, &ours, DIFFERENCES);
}

async fn ours(cases: &[Case], server: &Loopback) -> Vec<Made> {
    let mut outcomes = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let outcome = call(case, &format!("{}/{number}", server.base())).await;
        outcomes.push(outcome.err().unwrap_or_else(|| "ok".to_owned()));
    }
    made(cases, server, outcomes)
}

/// Makes the call of a case as somebody would write it who reads the official client's arguments. What is null is left out.
async fn call(case: &Case, base: &str) -> Result<(), String> {
    let base =
        case.client.get("base_url").and_then(Value::as_str).unwrap_or("<base>").replace("<base>", base);
    let api = AuditledgeApi::builder()
        .api_key(case.client["api_key"].as_str().unwrap())
        .api_base(base)
        .retries(Retries::none())
        .build()
        .map_err(|invalid| invalid.to_string())?;
    let nothing = Map::new();
    let given = case.args.first().and_then(Value::as_object).unwrap_or(&nothing);
    let made = match case.operation.as_str() {
        "log" => api.log(event(given)).await.map(drop),
        "query" => api.query(query(given)).await.map(drop),
        "get" => api.get(case.args[0].as_str().unwrap()).await.map(drop),
        "export" if given.get("format").is_some_and(|format| format == "csv") => {
            let mut parts = api.export_csv(filter(given));
            let mut read = Ok(());
            while let Some(part) = parts.next().await {
                read = part.map(drop);
            }
            read
        }
        "export" => {
            let mut events = api.export_json(filter(given));
            let mut read = Ok(());
            while let Some(event) = events.next().await {
                read = event.map(drop);
            }
            read
        }
        "usage" => api.usage().await.map(drop),
        other => panic!("there is no operation {other}"),
    };
    made.map_err(|error| error.to_string())
}

fn event(input: &Map<String, Value>) -> EventCall {
    let text = |of: &Value, name: &str| of[name].as_str().unwrap().to_owned();
    let mut actor = Actor::new(text(&input["actor"], "id"));
    for (member, value) in said(input["actor"].as_object().unwrap()) {
        actor = match member.as_str() {
            "name" => actor.name(value.as_str().unwrap()),
            "email" => actor.email(value.as_str().unwrap()),
            other => actor.member(other, value.clone()),
        };
    }
    let mut resource = Resource::new(text(&input["resource"], "type"), text(&input["resource"], "id"));
    for (member, value) in said(input["resource"].as_object().unwrap()) {
        resource = match member.as_str() {
            "name" => resource.name(value.as_str().unwrap()),
            other => resource.member(other, value.clone()),
        };
    }
    let mut call = EventCall::new(input["action"].as_str().unwrap(), actor, resource);
    for (member, value) in said(input) {
        call = match member.as_str() {
            "actor" | "action" | "resource" => call,
            "organization_id" => call.organization_id(value.as_str().unwrap()),
            "metadata" => call.metadata(value.as_object().unwrap().clone()),
            "timestamp" => call.timestamp(value.as_str().unwrap()),
            other => call.member(other, value.clone()),
        };
    }
    call
}

fn query(input: &Map<String, Value>) -> Query {
    let mut query = Query::from(filter(input));
    for (member, value) in said(input) {
        query = match member.as_str() {
            "limit" => query.limit(value.as_u64().unwrap().try_into().unwrap()),
            "offset" => query.offset(value.as_u64().unwrap()),
            _ => query,
        };
    }
    query
}

fn filter(input: &Map<String, Value>) -> Filter {
    let mut filter = Filter::new();
    for (member, value) in said(input) {
        let text = value.as_str().unwrap_or_default();
        filter = match member.as_str() {
            "limit" | "offset" | "format" => filter,
            "search" => filter.search(text),
            "actor_id" => filter.actor_id(text),
            "actor_name" => filter.actor_name(text),
            "action" => filter.action(text),
            "resource_type" => filter.resource_type(text),
            "organization_id" => filter.organization_id(text),
            "start_date" => filter.start_date(text),
            "end_date" => filter.end_date(text),
            other => filter.parameter(other, text),
        };
    }
    filter
}

fn said(input: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    input.iter().filter(|(_, value)| !value.is_null())
}

/// What the service answers: just enough for both clients to be content.
fn answer(request: &Recorded) -> Reply {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let stored = json!({
        "id": "3f1f7a52-7f0e-4d0f-9d6c-2a41d9f3c001", "timestamp": "2026-05-15T12:00:00.000Z", "actor_id": "u",
        "actor_name": null, "actor_email": null, "action": "a", "resource_type": "t", "resource_id": "r",
        "resource_name": null, "metadata": null, "organization_id": "org_789",
    });
    match request.method.as_str() {
        "POST" => Reply::json(201, &json!({"success": true, "event": stored})),
        _ if path.ends_with("/usage") => Reply::json(
            200,
            &json!({"plan": "free", "events_this_month": 1, "events_limit": 10_000, "retention_days": 14}),
        ),
        _ if path.ends_with("/export") && query.contains("csv") => {
            Reply::text(200, "id,timestamp\n").header("content-type", "text/csv")
        }
        _ if path.ends_with("/export") => Reply::json(200, &json!([stored])),
        _ if path.ends_with("/events") => {
            Reply::json(200, &json!({"events": [stored], "total": 1, "limit": 20, "offset": 0}))
        }
        _ => Reply::json(200, &stored),
    }
}
