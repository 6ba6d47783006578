//! The event: one finished record of who did what to which thing, when, from where, and how it ended.
//!
//! One type a file. [`Event`] is what every other part of this crate moves around; [`EventBuilder`] makes one by
//! hand; [`limits`] decides what is acceptable and [`trim`] what is cut when nobody is there to be told.

mod actor;
#[cfg(test)]
mod arbitrary;
mod builder;
mod canonical;
mod change;
pub(crate) mod hex;
mod id;
pub(crate) mod last_resort;
pub mod limits;
pub(crate) mod one_line;
mod operation;
mod origin;
mod outcome;
mod path;
mod record;
mod request;
mod size;
mod target;
mod timestamp;
pub mod trim;
pub(crate) mod values;
mod weight;

pub use actor::{Actor, ActorKind, ToActor};
pub use builder::EventBuilder;
pub(crate) use canonical::Unplaced;
pub use change::{Change, ChangeOp};
pub use id::{EventId, WriterId};
pub use limits::{InvalidEvent, Problem};
pub use operation::Operation;
pub use origin::Origin;
pub use outcome::Outcome;
pub use record::{Event, Metadata, Position, Retention, entity_of};
pub use request::{IpSource, RequestInfo};
pub use target::{Target, ToTarget};
pub use timestamp::Timestamp;
pub use trim::Trimmed;
pub(crate) use weight::weight;
