//! What ours does otherwise than the SDK, and why.

use crate::compare::{Difference, NOTHING, SOMETHING, differs};

const NEW_EVENT_KEY: &str = r#""event_{{uuid}}""#;
const NEW_CONSENT_KEY: &str = r#""consent_{{uuid}}""#;
const KEY: &str = "/headers/idempotency-key";
const BEARER: &str = "/headers/authorization";

const A_KEY_ALWAYS: &str = "a quirk not to copy: without a key a repeat would record twice";
const NO_EMPTY_HEADER: &str =
    "a blank value sends no header; the SDK trims other headers, and sends this one empty";
const NO_TAB: &str = "a tab inside a header's value is refused instead of left to whoever is on the way";
const NO_SPACE: &str = "a bearer token has no spaces in it (RFC 6750, section 2.1)";
const NO_ACCENT: &str = "a bearer token is of ASCII alone (RFC 6750, section 2.1)";
const TRIMMED: &str = "white space around a secret is from copying";
const NO_TOKEN: &str = "without a token the call can only be refused";
const ELSEWHERE: &str =
    "the path would be another one: that of a list, of another workspace, of another call";

pub(super) const ALL: &[Difference] = &[
    differs(r#"event: idempotency key = """#, KEY, NOTHING, NEW_EVENT_KEY, A_KEY_ALWAYS),
    differs("event: undefined idempotency key", KEY, NOTHING, NEW_EVENT_KEY, A_KEY_ALWAYS),
    differs(r#"event: idempotency key = "   ""#, KEY, r#""""#, NEW_EVENT_KEY, A_KEY_ALWAYS),
    differs(r#"consent: idempotency key = """#, KEY, NOTHING, NEW_CONSENT_KEY, A_KEY_ALWAYS),
    differs(r#"consent: idempotency key = "   ""#, KEY, r#""""#, NEW_CONSENT_KEY, A_KEY_ALWAYS),
    differs(r#"activityToken: idempotency key = "   ""#, KEY, r#""""#, NOTHING, NO_EMPTY_HEADER),
    differs(r#"request: idempotency key = "   ""#, KEY, r#""""#, NOTHING, NO_EMPTY_HEADER),
    differs(r#"* = "a\tb""#, "", SOMETHING, NOTHING, NO_TAB),
    differs(r#"event: key = "a b  c""#, "", SOMETHING, NOTHING, NO_SPACE),
    differs(r#"activity: token = "a b  c""#, "", SOMETHING, NOTHING, NO_SPACE),
    differs(r#"event: key = "Zürich ÿ""#, "", SOMETHING, NOTHING, NO_ACCENT),
    differs(r#"activity: token = "Zürich ÿ""#, "", SOMETHING, NOTHING, NO_ACCENT),
    differs(r#"event: key = "  outer  ""#, BEARER, r#""Bearer   outer""#, r#""Bearer outer""#, TRIMMED),
    differs(r#"event: key = "\ttab\t""#, BEARER, r#""Bearer \ttab""#, r#""Bearer tab""#, TRIMMED),
    differs(r#"activity: token = "  outer  ""#, BEARER, r#""Bearer   outer""#, r#""Bearer outer""#, TRIMMED),
    differs(r#"activity: token = "\ttab\t""#, BEARER, r#""Bearer \ttab""#, r#""Bearer tab""#, TRIMMED),
    differs(r#"activity: token = """#, "", SOMETHING, NOTHING, NO_TOKEN),
    differs(r#"activity: token = "   ""#, "", SOMETHING, NOTHING, NO_TOKEN),
    // In a path; workspaces of events and consents are members of the body, and sent as they are.
    differs(r#"*: workspace = """#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"*: workspace = "   ""#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"*: workspace = ".""#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"*: workspace = "..""#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"receipt: id = """#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"receipt: id = "   ""#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"receipt: id = ".""#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"receipt: id = "..""#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"publishedPolicy: version = """#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"publishedPolicy: version = "   ""#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"publishedPolicy: version = ".""#, "", SOMETHING, NOTHING, ELSEWHERE),
    differs(r#"publishedPolicy: version = "..""#, "", SOMETHING, NOTHING, ELSEWHERE),
];
