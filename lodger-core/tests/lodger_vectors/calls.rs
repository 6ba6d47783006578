//! What the user of the official client wrote, as a call of ours.

use std::time::Duration;

use lodger_core::event::Timestamp;
use lodger_core::service::Retries;
use lodger_core::service::lodger::{
    ActivityCall, ActivityTokenCall, CallOptions, ConsentCall, ConsentMode, EventCall, EventReceipt,
    EventType, Lane, LodgerApi, LodgerApiBuilder, LodgerError, Party, PolicyCall, QueryCall, RawCall,
    ReceiptCall, RequestContext, Source, Storage, TokenCall,
};
use serde::Serialize;
use serde_json::{Map, Value};

/// A call as the official client would see it: {"$undefined": true} is not there, {"$date": …} is the text that it sends.
pub(crate) fn understood(value: &Value) -> Value {
    match value {
        Value::Object(members) => match members.get("$date").and_then(Value::as_str) {
            Some(date) => {
                let micros = date.parse::<Timestamp>().unwrap().to_string();
                // JavaScript counts milliseconds.
                format!("{}Z", &micros[..micros.len() - "000Z".len()]).into()
            }
            None => members
                .iter()
                .filter(|(_, value)| value["$undefined"] != true)
                .map(|(name, value)| (name.clone(), understood(value)))
                .collect::<Map<_, _>>()
                .into(),
        },
        Value::Array(items) => items
            .iter()
            .map(|item| if item["$undefined"] == true { Value::Null } else { understood(item) })
            .collect(),
        other => other.clone(),
    }
}

/// The client of a vector, from the official client's options.
pub(crate) fn client(options: &Value, base: &str) -> LodgerApiBuilder {
    let text = |name: &str, default: &str| options[name].as_str().unwrap_or(default).to_owned();
    let mut builder =
        LodgerApi::builder(text("workspaceId", "org_01JZ2M9E7G6D8R5K3D"), text("projectId", "core"))
            .api_key(text("apiKey", "lodger_sk_test_key"))
            .api_base(text("apiBase", "<base>").replace("<base>", base))
            .retries(Retries::none());
    if let Some(environment) = options["environment"].as_str() {
        builder = builder.environment(environment);
    }
    if let Some(server) = options["server"].as_str() {
        builder = builder.server(server);
    }
    builder
}

/// Makes the call of a vector.
pub(crate) async fn make(api: &LodgerApi, base: &str, vector: &Value) -> Result<Value, LodgerError> {
    let call = &vector["call"];
    let args = call["args"].as_array().cloned().unwrap_or_default();
    let arg = |place: usize| args.get(place).cloned().unwrap_or_default();
    match call["operation"].as_str().unwrap() {
        "event" | "withCatalog.event" => json(api.event(event_call(call)).await),
        "log" => json(api.log(event_call(call)).await),
        "consent" => json(api.consent(consent_call(&arg(0)).options(call_options(&arg(1)))).await),
        "query" => json(api.query(query_call(&arg(0)).options(call_options(&arg(1)))).await),
        "receipt" => json(api.receipt(receipt_call(&arg(0), &arg(1))).await),
        "activityToken" => json(
            api.activity_token(activity_token_call(&arg(0), &arg(1)).options(call_options(&arg(2)))).await,
        ),
        "activity" => {
            json(api.activity(activity_call(&arg(0), &arg(1)).options(call_options(&arg(2)))).await)
        }
        "publishedPolicy" => {
            json(api.published_policy(policy_call(&arg(0)).options(call_options(&arg(1)))).await)
        }
        "receiptToken" => json(api.receipt_token(text(&arg(0)), token_call(&arg(1), &arg(2))).await),
        "evidenceToken" => json(api.evidence_token(text(&arg(0)), token_call(&arg(1), &arg(2))).await),
        "policyToken" => json(api.policy_token(token_call(&arg(0), &arg(1))).await),
        "request" => api.request(raw_call(&text(&arg(0)).replace("<base>", base), &arg(1))).await,
        "raw" => {
            let answer = api.request(documented_call(text(&arg(0)), text(&arg(1)), &vector["request"])).await;
            if let (Ok(answer), "/v1/events") = (&answer, text(&arg(1))) {
                let receipt: EventReceipt = serde_json::from_value(answer.clone()).unwrap();
                assert_eq!(serde_json::to_value(receipt).unwrap(), *answer, "what is documented is enough");
            }
            answer
        }
        other => panic!("the vectors have a new operation: {other}"),
    }
}

fn json(result: Result<impl Serialize, LodgerError>) -> Result<Value, LodgerError> {
    result.map(|answer| serde_json::to_value(answer).unwrap())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// The members of an argument. Null is what was left out, but for members that say otherwise.
fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value)).filter(|(_, value)| !value.is_null())
}

fn unknown(member: &str) -> ! {
    panic!("the vectors have a new member: {member}")
}

/// `[action, input, options]` or `[input with action, options]`.
fn event_call(call: &Value) -> EventCall {
    let args = call["args"].as_array().unwrap();
    let (action, input, options) = match args[0].as_str() {
        Some(action) => (action, &args[1], args.get(2)),
        None => (text(&args[0]["action"]), &args[0], args.get(1)),
    };
    let mut event = match call.get("catalog") {
        Some(catalog) => {
            EventCall::of(&catalogued(catalog, action), party(&input["actor"]), party(&input["target"]))
        }
        None => EventCall::new(action, party(&input["actor"]), party(&input["target"])),
    };
    for (member, value) in members(input) {
        event = match member {
            "occurredAt" => event.occurred_at(text(value)),
            "metadata" => event.metadata(value.as_object().unwrap().clone()),
            "userVisible" => event.user_visible(*value == true),
            "retention" => event.retention(serde_json::from_value(value.clone()).unwrap()),
            "source" => event.source(source(text(value))),
            "workspaceId" => event.workspace(text(value)),
            "projectId" => event.project(text(value)),
            // Others have no counterpart: what the official client drops can't be said here.
            _ => event,
        };
    }
    event.options(options.map_or_else(CallOptions::new, call_options))
}

/// An entry of a vector's catalog. Texts are leaked: a catalog is made of constants.
fn catalogued(catalog: &Value, action: &str) -> EventType {
    let leak = |text: &str| -> &'static str { text.to_owned().leak() };
    let entry = &catalog[action];
    let mut kind = EventType::new(leak(action));
    if let Some(target_type) = entry["targetType"].as_str() {
        kind = kind.target_type(leak(target_type));
    }
    if entry["userVisible"] == true { kind.user_visible() } else { kind }
}

fn party(value: &Value) -> Party {
    match value {
        Value::String(id) => Party::from(id.as_str()),
        object => serde_json::from_value(object.clone()).unwrap(),
    }
}

fn source(word: &str) -> Source {
    match word {
        "api" => Source::Api,
        "automation" => Source::Automation,
        "dashboard" => Source::Dashboard,
        "system" => Source::System,
        other => panic!("no such source: {other}"),
    }
}

fn consent_call(input: &Value) -> ConsentCall {
    let mode = match text(&input["mode"]) {
        "explicit" => ConsentMode::Explicit,
        "implicit" => ConsentMode::Implicit,
        other => panic!("no such mode: {other}"),
    };
    let version = input["policyVersion"].as_u64().unwrap();
    let mut call = ConsentCall::new(party(&input["subject"]), mode, version, text(&input["surface"]));
    for (member, value) in members(input) {
        call = match member {
            "metadata" => call.metadata(value.as_object().unwrap().clone()),
            "workspaceId" => call.workspace(text(value)),
            "projectId" => call.project(text(value)),
            _ => call,
        };
    }
    call
}

fn query_call(input: &Value) -> QueryCall {
    let mut call = QueryCall::new();
    for (member, value) in members(input) {
        call = match (member, value) {
            ("query", value) => call.query(text(value)),
            ("lane" | "storage", Value::String(all)) if all == "all" || all.trim().is_empty() => call,
            ("lane", value) => call.lane(match text(value).trim() {
                "security" => Lane::Security,
                "data" => Lane::Data,
                "policy" => Lane::Policy,
                "operations" => Lane::Operations,
                other => panic!("no such lane: {other}"),
            }),
            ("storage", value) => call.storage(match text(value).trim() {
                "hot" => Storage::Hot,
                "archive" => Storage::Archive,
                other => panic!("no such storage: {other}"),
            }),
            ("from", value) => call.from(text(value)),
            ("to", value) => call.to(text(value)),
            ("includeArchive", value) => call.include_archive(*value == true),
            ("userVisible", Value::Bool(visible)) => call.user_visible(*visible),
            ("cursor", Value::Number(cursor)) => call.cursor(cursor.as_i64().unwrap()),
            // The official client asks whether it is a number, and a yes or no.
            ("cursor" | "userVisible", _) => call,
            ("limit", value) => call.limit(value.as_u64().unwrap().try_into().unwrap()),
            ("workspaceId", value) => call.workspace(text(value)),
            ("projectId", value) => call.project(text(value)),
            (other, _) => unknown(other),
        };
    }
    call
}

/// Its options hold what else it takes. An empty workspace is none to the official client.
fn receipt_call(id: &Value, options: &Value) -> ReceiptCall {
    let mut call = ReceiptCall::new(text(id)).options(call_options(options));
    if let Some(workspace) = options["workspaceId"].as_str().filter(|id| !id.is_empty()) {
        call = call.workspace(workspace);
    }
    if let Some(bearer) = options["bearer"].as_str() {
        call = call.bearer(bearer);
    }
    call
}

fn activity_token_call(subject: &Value, input: &Value) -> ActivityTokenCall {
    let mut call = ActivityTokenCall::new(text(subject));
    for (member, value) in members(input) {
        call = match member {
            "expiresInSeconds" => call.expires_in(Duration::from_secs(value.as_u64().unwrap())),
            "workspaceId" => call.workspace(text(value)),
            "projectId" => call.project(text(value)),
            other => unknown(other),
        };
    }
    call
}

fn activity_call(token: &Value, input: &Value) -> ActivityCall {
    let mut call = ActivityCall::new(text(token));
    for (member, value) in members(input) {
        call = match (member, value) {
            ("query", value) => call.query(text(value)),
            ("cursor", Value::Number(cursor)) => call.cursor(cursor.as_i64().unwrap()),
            ("cursor", _) => call,
            ("limit", value) => call.limit(value.as_u64().unwrap().try_into().unwrap()),
            ("workspaceId", value) => call.workspace(text(value)),
            (other, _) => unknown(other),
        };
    }
    call
}

fn policy_call(input: &Value) -> PolicyCall {
    let mut call = PolicyCall::new();
    for (member, value) in members(input) {
        call = match (member, value) {
            ("version", Value::String(version)) => call.version(version),
            ("version", version) => call.version(version),
            ("bearer", value) => call.bearer(text(value)),
            ("workspaceId", value) => call.workspace(text(value)),
            ("projectId", value) => call.project(text(value)),
            (other, _) => unknown(other),
        };
    }
    call
}

/// No client of the vectors' has these methods: what it is told may stand in one object or in two.
fn token_call(input: &Value, options: &Value) -> TokenCall {
    let mut call = TokenCall::new().options(call_options(if options.is_null() { input } else { options }));
    for (member, value) in members(input) {
        call = match member {
            "expiresInSeconds" => call.expires_in(Duration::from_secs(value.as_u64().unwrap())),
            "workspaceId" => call.workspace(text(value)),
            "idempotencyKey" | "environment" | "server" | "request" => call,
            other => unknown(other),
        };
    }
    call
}

/// `request(path, {method, body, headers, auth, …})`.
fn raw_call(path: &str, options: &Value) -> RawCall {
    let mut call = method(options["method"].as_str().unwrap_or("GET"), path).options(call_options(options));
    if let Some(body) = options.get("body") {
        call = call.body(body.clone());
    }
    let public = options["auth"] == false;
    if public {
        call = call.without_credential();
    }
    for (name, value) in members(&options["headers"]) {
        let value = text(value);
        call = match name.eq_ignore_ascii_case("authorization") {
            false => call.header(name, value),
            true if public => call.bearer(value.strip_prefix("Bearer ").unwrap()),
            // The official client's own key takes its place.
            true => call,
        };
    }
    call
}

/// A documented request, of which only the method and the path are given.
fn documented_call(verb: &str, path: &str, request: &Value) -> RawCall {
    let mut call = method(verb, path);
    if !request["body"].is_null() {
        call = call.body(request["body"].clone());
    }
    let headers = &request["headers"];
    if headers["authorization"].is_null() {
        call = call.without_credential();
    }
    let mut options = CallOptions::new();
    if let Some(key) = headers["idempotency-key"].as_str() {
        options = options.idempotency_key(key);
    }
    call.options(options)
}

fn method(verb: &str, path: &str) -> RawCall {
    match verb {
        "GET" => RawCall::get(path),
        "POST" => RawCall::post(path),
        "PATCH" => RawCall::patch(path),
        "DELETE" => RawCall::delete(path),
        other => panic!("no such method: {other}"),
    }
}

pub(crate) fn call_options(value: &Value) -> CallOptions {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let request = &value["request"];
    let mut options = CallOptions::new().request(RequestContext {
        request_id: text(&request["requestId"]),
        session_id: text(&request["sessionId"]),
        trace_id: text(&request["traceId"]),
        traceparent: text(&request["traceparent"]),
    });
    if let Some(key) = text(&value["idempotencyKey"]) {
        options = options.idempotency_key(key);
    }
    if let Some(environment) = text(&value["environment"]) {
        options = options.environment(environment);
    }
    if let Some(server) = text(&value["server"]) {
        options = options.server(server);
    }
    options
}
