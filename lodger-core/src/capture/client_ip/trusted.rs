//! Which addresses are proxies that may be believed.

use std::net::IpAddr;

use thiserror::Error;

/// The proxies whose word about the client's address counts. None by default.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    header: Option<ProxyHeader>,
}

/// The header in which proxies say whom they speak for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProxyHeader {
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Forwarded-For`.
    XForwardedFor,
}

/// Some of the texts given as trusted proxies are neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "not an address or network: `{}`; write for example `10.0.0.0/8`, `192.0.2.7` or `fd00::/8`",
    texts.join("`, `")
)]
#[non_exhaustive]
pub struct InvalidProxies {
    /// The texts that were not understood, as they were given.
    pub texts: Vec<String>,
}

impl TrustedProxies {
    /// Reads addresses (`192.0.2.7`, `::1`) and networks in CIDR notation (`10.0.0.0/8`, `fd00::/8`). Bits behind the
    /// prefix are ignored, so `10.1.2.3/8` is `10.0.0.0/8`.
    ///
    /// # Errors
    /// When any text is something else, a host name for example; the error names every one of them.
    pub fn parse<I>(texts: I) -> Result<Self, InvalidProxies>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut networks = Vec::new();
        let mut invalid = Vec::new();
        for text in texts {
            match Network::parse(text.as_ref().trim()) {
                Some(network) => networks.push(network),
                None => invalid.push(text.as_ref().to_owned()),
            }
        }
        if invalid.is_empty() {
            Ok(Self { networks, header: None })
        } else {
            Err(InvalidProxies { texts: invalid })
        }
    }

    /// Says which header the proxies write, so that the other one is never read. By default either is read, and when
    /// both come they must agree.
    #[must_use]
    pub fn header(mut self, header: ProxyHeader) -> Self {
        self.header = Some(header);
        self
    }

    /// Whether no proxy is trusted, so that no proxy header is ever read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }

    /// Whether this address is a trusted proxy's.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(address))
    }

    pub(super) fn may_read(&self, header: ProxyHeader) -> bool {
        self.header.is_none_or(|only| only == header)
    }
}

/// A network: an address, and how many bits of it count. IPv4 and IPv6 never contain each other.
#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = bits(address).1;
        let prefix = match prefix {
            // `u32::from_str` would accept a leading plus sign.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
            None => width,
        };
        if prefix > width {
            return None;
        }
        // An IPv4 network in IPv6 clothes (`::ffff:10.0.0.0/104`): the 96 bits in front are the clothes.
        match (address.to_canonical(), prefix.checked_sub(96)) {
            (plain @ IpAddr::V4(_), Some(plain_prefix)) if address.is_ipv6() => {
                Some(Self { address: plain, prefix: plain_prefix })
            }
            _ => Some(Self { address, prefix }),
        }
    }

    fn contains(&self, address: IpAddr) -> bool {
        let (ours, width) = bits(self.address);
        let (theirs, their_width) = bits(address);
        // Shifting by the full width would overflow; it means that no bit counts.
        width == their_width && (ours ^ theirs).checked_shr(width - self.prefix).unwrap_or(0) == 0
    }
}

/// The address as a number, and how many bits it has.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (address.to_bits().into(), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}
