//! Named places where the service waits for the script.

use std::collections::BTreeSet;

use tokio::sync::watch;

/// A place's name.
type Name = &'static str;

#[derive(Debug, Default)]
struct State {
    reached: BTreeSet<Name>,
    opened: BTreeSet<Name>,
    left: BTreeSet<Name>,
}

/// Named places where the service waits for the script, and the script for the service. A gate, once open, stays so.
#[derive(Debug, Default)]
pub struct Gates(watch::Sender<State>);

impl Gates {
    /// The service: says that it is here, and goes on when the gate opens.
    pub async fn pass(&self, name: Name) {
        let leaving = Leaving { gates: self, name };
        self.0.send_modify(|state| {
            state.reached.insert(name);
        });
        self.until(|state| state.opened.contains(name)).await;
        std::mem::forget(leaving);
    }

    /// The script: waits until the service is here.
    pub async fn reached(&self, name: Name) {
        self.until(|state| state.reached.contains(name)).await;
    }

    /// The script: waits until whoever waited here was dropped.
    pub async fn left(&self, name: Name) {
        self.until(|state| state.left.contains(name)).await;
    }

    /// The script: lets the service go on.
    pub fn open(&self, name: Name) {
        self.0.send_modify(|state| {
            state.opened.insert(name);
        });
    }

    async fn until(&self, condition: impl FnMut(&State) -> bool) {
        // The sender lives in `self`, so the channel can't close meanwhile.
        self.0.subscribe().wait_for(condition).await.unwrap();
    }
}

/// Dropped only with the future that waits at the gate.
struct Leaving<'a> {
    gates: &'a Gates,
    name: Name,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.gates.0.send_modify(|state| {
            state.left.insert(self.name);
        });
    }
}
