//! The client's address: the socket's, unless it belongs to a proxy that the operator trusts.
//!
//! Everybody can write any address into `X-Forwarded-For`, so its leftmost entry is whatever the client claims. What
//! can be believed is what a trusted proxy added, and a proxy adds on the right: so the walk starts at the socket and
//! goes left for as long as the hop just reached is trusted itself.

mod hops;
mod trusted;

use std::net::IpAddr;

pub use self::trusted::{InvalidProxies, ProxyHeader, TrustedProxies};

use self::hops::{Elements, forwarded_for, x_forwarded_for};
use super::head::Head;
use crate::event::IpSource;

/// The most hops that are looked at. Real chains have fewer than ten; the bound is against a header made to cost time.
pub const MAX_HOPS: usize = 64;

/// The client's address and how it was found. None when the connection has no address, as with a Unix socket.
///
/// - Without a trusted peer it is the socket's address, and no header is read.
/// - Else the header is walked from the right over trusted addresses; the first that isn't trusted is the client. If
///   all are trusted it is the leftmost.
/// - An entry that is malformed, `unknown` or obfuscated (`_gateway`, RFC 7239 section 6.3) ends the walk at the last
///   hop that a trusted proxy vouched for, and so does the bound of [`MAX_HOPS`].
/// - `Forwarded` and `X-Forwarded-For` in one request: a proxy usually writes one of them and passes the other one
///   through as the client sent it. Which one it wrote can't be seen, so they must agree, else the answer is the
///   socket's address, which is a proxy's but true. [`TrustedProxies::header`] settles it.
///
/// IPv4 addresses in IPv6 clothes (`::ffff:192.0.2.1`) are returned, and compared, as IPv4.
#[must_use]
pub fn client_ip(head: &dyn Head, trusted: &TrustedProxies) -> Option<(IpAddr, IpSource)> {
    let peer = head.peer()?.to_canonical();
    if !trusted.contains(peer) {
        return Some((peer, IpSource::Socket));
    }
    let forwarded = walk(head, ProxyHeader::Forwarded, peer, trusted);
    let x_forwarded_for = walk(head, ProxyHeader::XForwardedFor, peer, trusted);
    let found = match (forwarded, x_forwarded_for) {
        (Some(one), Some(other)) => (one.0 == other.0).then_some(one),
        (one, other) => one.or(other),
    };
    Some(found.unwrap_or((peer, IpSource::Socket)))
}

/// Where this header leads from the peer. None when it may not be read or didn't come.
fn walk(
    head: &dyn Head,
    header: ProxyHeader,
    peer: IpAddr,
    trusted: &TrustedProxies,
) -> Option<(IpAddr, IpSource)> {
    if !trusted.may_read(header) {
        return None;
    }
    let (name, source) = match header {
        ProxyHeader::Forwarded => ("forwarded", IpSource::Forwarded),
        ProxyHeader::XForwardedFor => ("x-forwarded-for", IpSource::XForwardedFor),
    };
    let list = joined(head, name)?;
    let mut reached = (peer, IpSource::Socket);
    let entries = Elements::new(&list, b',', header == ProxyHeader::Forwarded);
    for entry in entries.take(MAX_HOPS).filter(|entry| !entry.is_empty()) {
        let hop = match header {
            ProxyHeader::Forwarded => forwarded_for(entry),
            ProxyHeader::XForwardedFor => x_forwarded_for(entry),
        };
        let Some(hop) = hop else { break };
        reached = (hop, source);
        if !trusted.contains(hop) {
            break;
        }
    }
    Some(reached)
}

/// All lines of the header as one list, which is what several lines mean (RFC 9110 section 5.3).
fn joined(head: &dyn Head, name: &str) -> Option<Vec<u8>> {
    let mut list: Option<Vec<u8>> = None;
    head.header_values(name, &mut |line| match &mut list {
        None => list = Some(line.to_vec()),
        Some(list) => {
            list.push(b',');
            list.extend_from_slice(line);
        }
    });
    list
}

#[cfg(test)]
mod tests;
