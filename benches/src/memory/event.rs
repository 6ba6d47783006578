//! The event that waits.

use lodger_core::event::{Actor, Event, Target};

/// Its size as JSON, as the caller hands it over.
pub(super) const BYTES: usize = 600;

pub(super) const ACTION: &str = "organization.member.removed";
pub(super) const USER: &str = "user_01JZ2M9E7G6D8R5K3D";
pub(super) const MEMBER: &str = "mem_01JZ2M9E7G6D8R5K3E";
pub(super) const REASON: &str = "Inactive contractor";
pub(super) const TICKET: &str = "OPS-4711";

/// Ours.
pub(super) fn ours(description: &str) -> Result<Event, String> {
    let event = Event::builder(ACTION)
        .actor(Actor::user(USER).name("Ada Lovelace"))
        .target(Target::new("organization_member", MEMBER).name("Bob Smith"))
        .tenant("org_acme")
        .description(description)
        .metadata("reason", REASON)
        .metadata("seats", 12)
        .metadata("ticket", TICKET);
    event.build().map_err(|error| error.to_string())
}

/// The description with which ours has [`BYTES`].
pub(super) fn description() -> Result<String, String> {
    let bare = ours("")?.to_canonical_json().map_err(|error| error.to_string())?.len();
    let with_one = ours("x")?.to_canonical_json().map_err(|error| error.to_string())?.len();
    let room = (BYTES + 1).checked_sub(with_one);
    let room = room.ok_or_else(|| format!("the event has {bare} bytes without a description"))?;
    Ok("Removed Bob Smith from Acme. ".chars().cycle().take(room).collect())
}
