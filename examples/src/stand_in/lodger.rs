//! Lodger: events, consents, queries, receipts, tokens, activity and the published policy.
//!
//! It is as strict as the service's pages are, and where these say nothing it decides for itself: queries give the oldest
//! record first, a cursor is the number of the last record that was seen, a page holds up to 200, and an idempotency key that
//! comes back with another body is a conflict.

mod checks;
mod query;
mod record;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Reply, Request, Service};
use checks::{Problem, header_value};
use record::Record;
use tokens::{Opens, Token};

/// What an API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Record events and consents.
    Write,
    /// Query, and mint tokens.
    Read,
}

/// A workspace with one project.
#[derive(Debug)]
pub struct LodgerService {
    workspace: String,
    project: String,
    keys: BTreeMap<String, Vec<Scope>>,
    private: bool,
    records: Vec<Record>,
    /// By path and idempotency key: what was asked, and what was answered.
    answered: BTreeMap<(String, String), (Value, Reply)>,
    tokens: BTreeMap<String, Token>,
}

impl LodgerService {
    /// An empty project that this key may write to and read from.
    #[must_use]
    pub fn new(workspace: &str, project: &str, key: &str) -> Self {
        Self {
            workspace: workspace.to_owned(),
            project: project.to_owned(),
            keys: BTreeMap::from([(key.to_owned(), vec![Scope::Write, Scope::Read])]),
            private: false,
            records: Vec::new(),
            answered: BTreeMap::new(),
            tokens: BTreeMap::new(),
        }
    }

    /// Another key.
    #[must_use]
    pub fn key(mut self, key: &str, scopes: &[Scope]) -> Self {
        self.keys.insert(key.to_owned(), scopes.to_vec());
        self
    }

    /// Receipts and policy are for those only who bring a key or a token. Default: for everybody.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Takes a key away.
    pub fn revoke(&mut self, key: &str) {
        self.keys.remove(key);
    }

    fn routed(&mut self, request: &Request) -> Result<Reply, Problem> {
        let segments = checks::segments(&request.path)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (request.method.as_str(), segments.as_slice()) {
            ("POST", ["v1", "events"]) => self.once(request, Self::event),
            ("POST", ["v1", "consents"]) => self.once(request, Self::consent),
            ("GET", ["v1", "receipts", id]) => self.receipt(request, id),
            (_, ["v1", "workspaces", workspace, rest @ ..]) => {
                if *workspace != self.workspace {
                    return Err(Problem::not_found("Workspace not found."));
                }
                self.of_workspace(request, rest)
            }
            _ => Err(Problem::not_found("There is nothing here.")),
        }
    }

    fn of_workspace(&mut self, request: &Request, rest: &[&str]) -> Result<Reply, Problem> {
        match (request.method.as_str(), rest) {
            ("GET", ["events"]) => self.events(request),
            ("GET", ["receipts", id]) => self.receipt(request, id),
            ("POST", ["receipts", id, "token"]) => self.mint(request, &Opens::Receipt((*id).to_owned())),
            ("POST", ["evidence-packs", id, "token"]) => {
                self.mint(request, &Opens::Evidence((*id).to_owned()))
            }
            ("POST", ["published-policy", "token"]) => self.mint(request, &Opens::Policy),
            ("POST", ["activity-tokens"]) => self.mint_activity(request),
            ("GET", ["activity"]) => self.activity(request),
            ("GET", ["published-policy"]) => self.policy(request, None),
            ("GET", ["published-policy", version]) => self.policy(request, Some(version)),
            _ => Err(Problem::not_found("There is nothing here.")),
        }
    }

    /// Acts upon what is asked under an idempotency key for the first time, and repeats the answer to what is asked again.
    fn once(
        &mut self,
        request: &Request,
        act: impl FnOnce(&mut Self, &Request, &Value) -> Result<Reply, Problem>,
    ) -> Result<Reply, Problem> {
        self.authorize(request, Scope::Write)?;
        let body = checks::json_object(request)?;
        let key = header_value(request, "idempotency-key").unwrap_or_default();
        if key.chars().count() < 12 {
            return Err(Problem::invalid("Idempotency-Key must be at least 12 characters."));
        }
        let place = (request.path.clone(), key.to_owned());
        if let Some((asked, reply)) = self.answered.get(&place) {
            return if *asked == body { Ok(reply.clone()) } else { Err(Problem::conflict()) };
        }
        let reply = act(self, request, &body)?;
        self.answered.insert(place, (body, reply.clone()));
        Ok(reply)
    }

    /// The API key of the request, when it may do this.
    fn authorize<'a>(&self, request: &'a Request, scope: Scope) -> Result<&'a str, Problem> {
        let key = checks::bearer(request).ok_or_else(Problem::unauthorized)?;
        let scopes = self.keys.get(key).ok_or_else(Problem::unauthorized)?;
        if scopes.contains(&scope) {
            return Ok(key);
        }
        Err(Problem::forbidden(match scope {
            Scope::Write => "events:write is required.",
            Scope::Read => "events:read is required.",
        }))
    }

    fn receipt(&self, request: &Request, id: &str) -> Result<Reply, Problem> {
        self.show(request, "Receipt is private.", |opens| *opens == Opens::Receipt(id.to_owned()))?;
        let record = self.records.iter().find(|record| record.id() == id);
        let record = record.ok_or_else(|| Problem::not_found("Receipt not found."))?;
        Ok(Reply::json(200, &json!({"receipt": record.receipt, "entry": record.entry, "verified": true})))
    }

    fn policy(&self, request: &Request, version: Option<&str>) -> Result<Reply, Problem> {
        self.show(request, "The policy is private.", |opens| *opens == Opens::Policy)?;
        if request.parameter("projectId") != Some(self.project.as_str()) {
            return Err(Problem::not_found("Project not found."));
        }
        if version.is_some_and(|version| version != POLICY_VERSION.to_string()) {
            return Err(Problem::not_found("There is no such version."));
        }
        let (workspace, project) = (&self.workspace, &self.project);
        Ok(Reply::json(
            200,
            &json!({"workspaceId": workspace, "projectId": project, "version": POLICY_VERSION,
                "publishedAt": "2026-05-01T00:00:00.000Z"}),
        ))
    }

    /// Whether the request may see what is for everybody in a public project only.
    fn show(
        &self,
        request: &Request,
        refusal: &str,
        opened_by: impl Fn(&Opens) -> bool,
    ) -> Result<(), Problem> {
        let opens = checks::bearer(request).is_some_and(|bearer| {
            self.keys.get(bearer).is_some_and(|scopes| scopes.contains(&Scope::Read))
                || self.tokens.get(bearer).is_some_and(|token| token.is_valid() && opened_by(&token.opens))
        });
        if opens || !self.private {
            return Ok(());
        }
        Err(Problem { status: 401, error: "unauthorized", detail: refusal.to_owned() })
    }
}

/// The one version of the policy that there is.
const POLICY_VERSION: u64 = 3;

impl Service for LodgerService {
    fn answer(&mut self, request: &Request) -> Reply {
        self.routed(request).unwrap_or_else(Problem::reply)
    }

    fn stored(&self) -> Vec<Value> {
        self.records
            .iter()
            .filter(|record| !record.entry.is_null())
            .map(|record| record.entry.clone())
            .collect()
    }
}
