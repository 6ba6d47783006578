//! What is kept of many events: what is true of all of them.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use serde_json::json;

use super::network;
use crate::event::{
    Actor, Event, EventId, IpSource, Origin, Outcome, RequestInfo, Retention, Target, Timestamp, trim,
};

/// The action of events whose actions differ.
const MIXED_ACTION: &str = "request.aggregated";

/// Events of one outcome that are told as one. A fact in which two of them differ is gone for good.
#[derive(Debug)]
pub(crate) struct Bucket {
    opened: Instant,
    count: u64,
    from: Timestamp,
    to: Timestamp,
    action: Cow<'static, str>,
    outcome: Outcome,
    actor: Actor,
    target: Option<Target>,
    tenant: Option<String>,
    reason: Option<String>,
    source: Option<String>,
    retention: Option<Retention>,
    user_visible: bool,
    origin: Origin,
    method: Option<String>,
    route: Option<String>,
    status: Option<u16>,
    /// The address, and how it was found.
    address: Option<(IpAddr, Option<IpSource>)>,
    /// The network of an IPv6 address.
    network: Option<Ipv6Addr>,
}

impl Bucket {
    /// A bucket of one event.
    pub(super) fn of(event: Event, opened: Instant) -> Self {
        let Event { action, mut actor, mut target, tenant, reason, source, mut origin, request, .. } = event;
        // Small facts only: what this version doesn't know may be of any size.
        drop_extra(&mut actor);
        target.extra.clear();
        origin.extra.clear();
        let request = request.unwrap_or_default();
        let RequestInfo { method, route, status, ip, ip_source, .. } = request;
        let network = match ip.map(|ip| ip.to_canonical()) {
            Some(IpAddr::V6(address)) => Some(network(address)),
            Some(IpAddr::V4(_)) | None => None,
        };
        Self {
            opened,
            count: 1,
            from: event.occurred_at,
            to: event.occurred_at,
            action,
            outcome: event.outcome,
            actor,
            target: Some(target),
            tenant,
            reason,
            source,
            retention: event.retention,
            user_visible: event.user_visible,
            origin,
            method,
            route,
            status,
            address: ip.map(|ip| (ip, ip_source)),
            network,
        }
    }

    /// When its minute began.
    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// How many events it tells of.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Adds what another bucket of the same outcome holds.
    pub(super) fn merge(&mut self, other: Self) {
        self.opened = self.opened.min(other.opened);
        self.count += other.count;
        self.from = self.from.min(other.from);
        self.to = self.to.max(other.to);
        if self.action != other.action {
            self.action = Cow::Borrowed(MIXED_ACTION);
        }
        if self.actor != other.actor {
            self.actor = Actor::unresolved();
        }
        if self.origin != other.origin {
            self.origin = Origin::default();
        }
        // Shown to a customer only what may be shown of each.
        self.user_visible &= other.user_visible;
        keep_common(&mut self.target, &other.target);
        keep_common(&mut self.tenant, &other.tenant);
        keep_common(&mut self.reason, &other.reason);
        keep_common(&mut self.source, &other.source);
        keep_common(&mut self.retention, &other.retention);
        keep_common(&mut self.method, &other.method);
        keep_common(&mut self.route, &other.route);
        keep_common(&mut self.status, &other.status);
        keep_common(&mut self.address, &other.address);
        keep_common(&mut self.network, &other.network);
    }

    /// The one event that tells of them.
    pub(crate) fn event(&self) -> Event {
        let mut event = Event::bare(EventId::mint(), self.action.clone());
        event.occurred_at = self.to;
        event.outcome = self.outcome;
        event.actor = self.actor.clone();
        event.target = self.target.clone().unwrap_or_else(|| match (&self.method, &self.route) {
            (Some(method), Some(route)) => Target::unresolved(format!("{method} {route}")),
            _ => Target::unresolved(&self.action),
        });
        event.tenant.clone_from(&self.tenant);
        event.reason.clone_from(&self.reason);
        event.source.clone_from(&self.source);
        event.retention = self.retention;
        event.user_visible = self.user_visible;
        event.origin = self.origin.clone();
        let request = RequestInfo {
            method: self.method.clone(),
            route: self.route.clone(),
            status: self.status,
            ip: self.address.map(|(ip, _)| ip),
            ip_source: self.address.and_then(|(_, source)| source),
            ..RequestInfo::default()
        };
        event.request = (request != RequestInfo::default()).then_some(request);
        let aggregated = json!({ "count": self.count, "from": self.from, "to": self.to });
        event.metadata.insert("aggregated".to_owned(), aggregated);
        if let (None, Some(network)) = (self.address, self.network) {
            // As personal as the addresses in it, which a store can erase.
            event.metadata.insert("network".to_owned(), format!("{network}/64").into());
            event.personal.push("network".to_owned());
        }
        // A route can be longer than a target's id.
        trim::trim(&mut event);
        event
    }
}

/// Keeps a fact only if both know it and agree.
fn keep_common<T: PartialEq>(mine: &mut Option<T>, other: &Option<T>) {
    if mine != other {
        *mine = None;
    }
}

fn drop_extra(actor: &mut Actor) {
    actor.extra.clear();
    actor.on_behalf_of.iter_mut().for_each(drop_extra);
}
