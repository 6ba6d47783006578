//! Which bulk operation an event is part of.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The bulk operation an event is part of: one event a target, one operation id.
///
/// [`each`](Self::each) numbers the events of an operation while it runs; where the operation has an id of its own (an
/// import, a job), build it by hand.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// The same for all events of the operation, 1 to 128 characters.
    pub id: String,
    /// This event's place in the operation, from 0.
    pub index: u32,
    /// How many events the operation has.
    pub of: u32,
}

impl Operation {
    /// The things that one operation is about, each with its place in it. The operation gets a fresh id, a UUIDv7.
    ///
    /// ```
    /// use lodger_core::event::{Event, Operation, Target};
    ///
    /// for (operation, invoice) in Operation::each(["7", "9"]) {
    ///     let event = Event::builder("invoice.archive")
    ///         .target(Target::new("invoice", invoice))
    ///         .operation(operation)
    ///         .build()?;
    ///     assert_eq!(event.operation.unwrap().of, 2);
    /// }
    /// # Ok::<(), lodger_core::event::InvalidEvent>(())
    /// ```
    pub fn each<T, I>(things: T) -> impl Iterator<Item = (Self, T::Item)>
    where
        T: IntoIterator<IntoIter = I>,
        I: ExactSizeIterator<Item = T::Item>,
    {
        let things = things.into_iter();
        let id = Uuid::now_v7().to_string();
        let of = u32::try_from(things.len()).unwrap_or(u32::MAX);
        (0..).zip(things).map(move |(index, thing)| (Self { id: id.clone(), index, of }, thing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_things_of_one_operation_share_its_id_and_are_numbered() {
        let operations: Vec<(Operation, &str)> = Operation::each(["a", "b", "c"]).collect();
        let places: Vec<_> =
            operations.iter().map(|(place, thing)| (place.index, place.of, *thing)).collect();
        assert_eq!(places, [(0, 3, "a"), (1, 3, "b"), (2, 3, "c")]);
        assert!(operations.iter().all(|(place, _)| place.id == operations[0].0.id));
    }

    #[test]
    fn two_operations_have_two_ids() {
        let id = || Operation::each([()]).next().unwrap().0.id;
        assert_ne!(id(), id());
        assert_eq!(id().len(), 36);
    }

    #[test]
    fn an_operation_on_nothing_is_nothing() {
        assert_eq!(Operation::each(Vec::<u64>::new()).count(), 0);
    }
}
