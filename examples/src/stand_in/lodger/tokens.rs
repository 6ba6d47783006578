//! Tokens that open one thing for a while.

use std::time::{Duration, Instant};

use lodger_core::event::Timestamp;
use serde_json::{Map, Value, json};

use super::checks::{Problem, json_object, text};
use super::{LodgerService, Scope};
use crate::stand_in::{Reply, Request};

/// A token that was minted.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) opens: Opens,
    until: Instant,
}

impl Token {
    pub(super) fn is_valid(&self) -> bool {
        Instant::now() < self.until
    }
}

/// What a token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opens {
    Receipt(String),
    Policy,
    Evidence(String),
    /// What customers may see of this subject.
    Activity(String),
}

impl Problem {
    pub(super) fn token(detail: &str) -> Self {
        Self { status: 401, error: "invalid_token", detail: detail.to_owned() }
    }
}

/// How long a token is valid when nothing else is said, in seconds.
const WEEK: u64 = 604_800;

impl LodgerService {
    /// `POST …/receipts/{id}/token` and its likes.
    pub(super) fn mint(&mut self, request: &Request, opens: &Opens) -> Result<Reply, Problem> {
        self.authorize(request, Scope::Read)?;
        let body = if request.body.is_empty() { json!({}) } else { json_object(request)? };
        let seconds = seconds(&body, 60..=2_592_000)?;
        if let Opens::Receipt(id) = opens
            && !self.records.iter().any(|record| record.id() == id)
        {
            return Err(Problem::not_found("Receipt not found."));
        }
        let (token, mut answer) = self.minted(opens.clone(), seconds);
        let at = "https://lodger.invalid";
        match opens {
            Opens::Receipt(id) => {
                answer.insert("receipt".to_owned(), json!(id));
                answer.insert("receiptUrl".to_owned(), json!(format!("{at}/receipts/{id}#token={token}")));
            }
            Opens::Evidence(id) => {
                answer.insert("packId".to_owned(), json!(id));
                answer.insert("evidenceUrl".to_owned(), json!(format!("{at}/evidence/verify#token={token}")));
                answer.insert("downloadUrl".to_owned(), json!(format!("{at}/v1/evidence/{id}")));
            }
            Opens::Policy => {
                answer.insert("policyUrl".to_owned(), json!(format!("{at}/policy#token={token}")));
            }
            Opens::Activity(_) => {}
        }
        Ok(Reply::json(200, &Value::Object(answer)))
    }

    /// `POST …/activity-tokens`.
    pub(super) fn mint_activity(&mut self, request: &Request) -> Result<Reply, Problem> {
        self.authorize(request, Scope::Read)?;
        let body = json_object(request)?;
        self.check_project(text(&body, "projectId")?)?;
        let subject = text(&body, "subject")?.to_owned();
        let seconds = seconds(&body, 1..=u64::from(u32::MAX))?;
        let (token, mut answer) = self.minted(Opens::Activity(subject.clone()), seconds);
        let url = format!("https://lodger.invalid/activity#token={token}");
        answer.insert("activityUrl".to_owned(), json!(url));
        answer.insert("subject".to_owned(), json!(subject));
        Ok(Reply::json(200, &Value::Object(answer)))
    }

    /// A new token, and what is said of each.
    fn minted(&mut self, opens: Opens, seconds: u64) -> (String, Map<String, Value>) {
        let kind = match &opens {
            Opens::Receipt(_) => "rct",
            Opens::Policy => "pol",
            Opens::Evidence(_) => "evd",
            Opens::Activity(_) => "act",
        };
        let token = format!("{kind}_{}", self.tokens.len() + 1);
        let until = Instant::now() + Duration::from_secs(seconds);
        self.tokens.insert(token.clone(), Token { opens, until });
        let expires = Timestamp::from(std::time::SystemTime::now() + Duration::from_secs(seconds));
        let mut answer = Map::new();
        answer.insert("token".to_owned(), json!(token));
        answer.insert("workspaceId".to_owned(), json!(self.workspace));
        answer.insert("projectId".to_owned(), json!(self.project));
        answer.insert("expiresAt".to_owned(), json!(expires.to_string()));
        (token, answer)
    }
}

fn seconds(body: &Value, allowed: std::ops::RangeInclusive<u64>) -> Result<u64, Problem> {
    let seconds = body.get("expiresInSeconds").map_or(Some(WEEK), Value::as_u64);
    let (least, most) = (allowed.start(), allowed.end());
    let wrong = || Problem::invalid(format!("expiresInSeconds must be an integer from {least} to {most}."));
    seconds.filter(|seconds| allowed.contains(seconds)).ok_or_else(wrong)
}
