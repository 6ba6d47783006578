//! Who holds how many places.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// Whoever sits behind an address. An IPv6 network of 64 bits is one: whoever has one such address has all of them (RFC
/// 4291 section 2.5.4). Those whose address is not known are one together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Holder(Option<IpAddr>);

impl Holder {
    pub(crate) fn of(peer: Option<IpAddr>) -> Self {
        Self(peer.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            address @ IpAddr::V4(_) => address,
        }))
    }
}

/// The places that are held.
#[derive(Debug, Default)]
pub(crate) struct Held {
    all: usize,
    /// Only those who hold one.
    by: HashMap<Holder, usize>,
}

impl Held {
    pub(crate) fn all(&self) -> usize {
        self.all
    }

    pub(crate) fn by(&self, holder: Holder) -> usize {
        self.by.get(&holder).copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, holder: Holder) {
        self.all += 1;
        *self.by.entry(holder).or_default() += 1;
    }

    pub(crate) fn remove(&mut self, holder: Holder) {
        let Some(number) = self.by.get_mut(&holder) else { return };
        self.all = self.all.saturating_sub(1);
        *number -= 1;
        if *number == 0 {
            self.by.remove(&holder);
        }
    }
}
