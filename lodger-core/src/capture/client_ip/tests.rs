use std::net::IpAddr;

use proptest::prelude::*;

use super::super::head::FakeHead;
use super::*;
use crate::event::IpSource::{Forwarded, Socket, XForwardedFor};

fn proxies(texts: &[&str]) -> TrustedProxies {
    TrustedProxies::parse(texts).unwrap()
}

/// The peer 10.0.0.1, the network 10.0.0.0/8 and fd00::/8 trusted.
fn behind_proxy(headers: &[(&str, &str)]) -> (String, IpSource) {
    let head = FakeHead::with(headers).with_peer("10.0.0.1");
    let (address, source) = client_ip(&head, &proxies(&["10.0.0.0/8", "fd00::/8"])).unwrap();
    (address.to_string(), source)
}

#[test]
fn without_a_trusted_peer_no_header_is_believed() {
    let spoofed = [("x-forwarded-for", "8.8.8.8"), ("forwarded", "for=8.8.8.8")];
    let head = FakeHead::with(&spoofed).with_peer("192.0.2.9");
    let socket: IpAddr = "192.0.2.9".parse().unwrap();
    for trusted in [TrustedProxies::default(), proxies(&["10.0.0.0/8"])] {
        assert_eq!(client_ip(&head, &trusted), Some((socket, Socket)));
    }
    assert_eq!(client_ip(&FakeHead::with(&spoofed), &proxies(&["0.0.0.0/0", "::/0"])), None);
}

#[test]
fn x_forwarded_for_is_walked_from_the_right() {
    for (lines, expected) in [
        (&["203.0.113.7"][..], ("203.0.113.7", XForwardedFor)),
        (&["8.8.8.8, 203.0.113.7"], ("203.0.113.7", XForwardedFor)),
        (&["8.8.8.8, 203.0.113.7, 10.9.9.9"], ("203.0.113.7", XForwardedFor)),
        (&["8.8.8.8,203.0.113.7,10.9.9.9,10.8.8.8"], ("203.0.113.7", XForwardedFor)),
        // several lines are one list
        (&["8.8.8.8", "203.0.113.7", "10.9.9.9"], ("203.0.113.7", XForwardedFor)),
        // all trusted: the leftmost
        (&["10.7.7.7, 10.9.9.9"], ("10.7.7.7", XForwardedFor)),
        // ports and IPv6
        (&["203.0.113.7:4711"], ("203.0.113.7", XForwardedFor)),
        (&["2001:db8::7"], ("2001:db8::7", XForwardedFor)),
        (&["[2001:db8::7]"], ("2001:db8::7", XForwardedFor)),
        (&["[2001:db8::7]:4711"], ("2001:db8::7", XForwardedFor)),
        (&["2001:db8::7, fd00::2"], ("2001:db8::7", XForwardedFor)),
        // IPv4 in IPv6 clothes, trusted or not
        (&["203.0.113.7, ::ffff:10.9.9.9"], ("203.0.113.7", XForwardedFor)),
        (&["::ffff:203.0.113.7"], ("203.0.113.7", XForwardedFor)),
        // empty entries are nothing (RFC 9110 section 5.6.1.2)
        (&["", "203.0.113.7"], ("203.0.113.7", XForwardedFor)),
        (&["203.0.113.7, ,, "], ("203.0.113.7", XForwardedFor)),
        // malformed: the last trustworthy hop
        (&[""], ("10.0.0.1", Socket)),
        (&["unknown"], ("10.0.0.1", Socket)),
        (&["203.0.113.7, unknown"], ("10.0.0.1", Socket)),
        (&["203.0.113.7, unknown, 10.9.9.9"], ("10.9.9.9", XForwardedFor)),
        (&["203.0.113.7, 10.9.9"], ("10.0.0.1", Socket)),
        (&["203.0.113.7, 010.9.9.9"], ("10.0.0.1", Socket)),
        (&["203.0.113.7:"], ("10.0.0.1", Socket)),
        (&["203.0.113.7:471100"], ("10.0.0.1", Socket)),
        (&["203.0.113.7:http"], ("10.0.0.1", Socket)),
        (&["[203.0.113.7]"], ("10.0.0.1", Socket)),
        (&["[2001:db8::7"], ("10.0.0.1", Socket)),
        (&["[2001:db8::7]x"], ("10.0.0.1", Socket)),
        (&["fe80::1%eth0"], ("10.0.0.1", Socket)),
        (&["\"203.0.113.7\""], ("10.0.0.1", Socket)),
        (&["203.0.113.7 10.9.9.9"], ("10.0.0.1", Socket)),
    ] {
        let headers: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
        assert_eq!(behind_proxy(&headers), (expected.0.to_owned(), expected.1), "{lines:?}");
    }
}

#[test]
fn forwarded_is_walked_from_the_right() {
    for (lines, expected) in [
        (&["for=203.0.113.7"][..], ("203.0.113.7", Forwarded)),
        (&["For=203.0.113.7"], ("203.0.113.7", Forwarded)),
        (&["for=203.0.113.7;proto=https;by=203.0.113.43"], ("203.0.113.7", Forwarded)),
        (&["proto=https; for=203.0.113.7 ;host=\"a,b;c\""], ("203.0.113.7", Forwarded)),
        (&["for=8.8.8.8, for=203.0.113.7, for=10.9.9.9"], ("203.0.113.7", Forwarded)),
        (&["for=8.8.8.8", "for=203.0.113.7,for=10.9.9.9"], ("203.0.113.7", Forwarded)),
        (&["for=\"203.0.113.7\""], ("203.0.113.7", Forwarded)),
        (&["for=\"203.0.113.7:47011\""], ("203.0.113.7", Forwarded)),
        (&["for=203.0.113.7:47011"], ("203.0.113.7", Forwarded)),
        (&["for=\"203.0.113.7:_port-1.x\""], ("203.0.113.7", Forwarded)),
        (&["for=\"20\\3.0.113.7\""], ("203.0.113.7", Forwarded)),
        (&["for=\"[2001:db8:cafe::17]:4711\""], ("2001:db8:cafe::17", Forwarded)),
        (&["For=\"[2001:db8:cafe::17]\""], ("2001:db8:cafe::17", Forwarded)),
        (&["for=\"[::ffff:203.0.113.7]\""], ("203.0.113.7", Forwarded)),
        (&["for=203.0.113.7, for=\"[fd00::2]:80\""], ("203.0.113.7", Forwarded)),
        // what the client wrote can't swallow what the proxy appended
        (&["for=\", for=203.0.113.7"], ("203.0.113.7", Forwarded)),
        (&["for=\"a\\\", for=203.0.113.7"], ("203.0.113.7", Forwarded)),
        (&["for=\"", "for=203.0.113.7"], ("203.0.113.7", Forwarded)),
        (&["host=\"a, for=8.8.8.8\";for=203.0.113.7"], ("203.0.113.7", Forwarded)),
        (&["for=203.0.113.7;host=\"a\\\", for=8.8.8.8, \\\"b\""], ("203.0.113.7", Forwarded)),
        // hidden or malformed: the last trustworthy hop
        (&["for=unknown"], ("10.0.0.1", Socket)),
        (&["for=\"unknown:4711\""], ("10.0.0.1", Socket)),
        (&["for=_gazonk"], ("10.0.0.1", Socket)),
        (&["for=203.0.113.7, for=_gazonk, for=10.9.9.9"], ("10.9.9.9", Forwarded)),
        (&["for=203.0.113.7, proto=https"], ("10.0.0.1", Socket)),
        (&["for=203.0.113.7;for=203.0.113.7"], ("10.0.0.1", Socket)),
        (&["for=\"2001:db8:cafe::17\""], ("10.0.0.1", Socket)),
        (&["for=\"203.0.113.7"], ("10.0.0.1", Socket)),
        (&["for=203.0.113.7\""], ("10.0.0.1", Socket)),
        (&["for=\"203.0.113.7:\""], ("10.0.0.1", Socket)),
        (&["for=\"203.0.113.7:_\""], ("10.0.0.1", Socket)),
        (&["for = 203.0.113.7"], ("10.0.0.1", Socket)),
        (&["203.0.113.7"], ("10.0.0.1", Socket)),
        (&["for"], ("10.0.0.1", Socket)),
        (&["for="], ("10.0.0.1", Socket)),
        (&[""], ("10.0.0.1", Socket)),
    ] {
        let headers: Vec<_> = lines.iter().map(|line| ("forwarded", *line)).collect();
        assert_eq!(behind_proxy(&headers), (expected.0.to_owned(), expected.1), "{lines:?}");
    }
}

#[test]
fn both_headers_must_agree() {
    let xff = |value| ("x-forwarded-for", value);
    let fwd = |value| ("forwarded", value);
    for (headers, expected) in [
        ([fwd("for=203.0.113.7"), xff("203.0.113.7")], ("203.0.113.7", Forwarded)),
        ([fwd("for=203.0.113.7, for=10.9.9.9"), xff("8.8.8.8, 203.0.113.7")], ("203.0.113.7", Forwarded)),
        ([fwd("for=8.8.8.8"), xff("203.0.113.7")], ("10.0.0.1", Socket)),
        ([fwd("for=203.0.113.7"), xff("8.8.8.8")], ("10.0.0.1", Socket)),
        ([fwd("nonsense"), xff("203.0.113.7")], ("10.0.0.1", Socket)),
    ] {
        assert_eq!(behind_proxy(&headers), (expected.0.to_owned(), expected.1), "{headers:?}");
    }
}

#[test]
fn naming_the_header_settles_it() {
    let head = FakeHead::with(&[("forwarded", "for=8.8.8.8"), ("x-forwarded-for", "203.0.113.7")])
        .with_peer("10.0.0.1");
    for (header, expected) in [
        (ProxyHeader::XForwardedFor, ("203.0.113.7", XForwardedFor)),
        (ProxyHeader::Forwarded, ("8.8.8.8", Forwarded)),
    ] {
        let found = client_ip(&head, &proxies(&["10.0.0.0/8"]).header(header));
        assert_eq!(found, Some((expected.0.parse().unwrap(), expected.1)));
    }
}

#[test]
fn the_peer_is_compared_and_returned_as_ipv4() {
    let head = FakeHead::with(&[("x-forwarded-for", "203.0.113.7")]).with_peer("::ffff:10.0.0.1");
    let found = client_ip(&head, &proxies(&["10.0.0.0/8"]));
    assert_eq!(found, Some(("203.0.113.7".parse().unwrap(), XForwardedFor)));
    let socket = client_ip(&head, &TrustedProxies::default());
    assert_eq!(socket, Some(("10.0.0.1".parse().unwrap(), Socket)));
}

#[test]
fn at_most_64_hops_are_walked() {
    let chain = |trusted: usize| format!("203.0.113.7{}", ", 10.9.9.9".repeat(trusted));
    assert_eq!(behind_proxy(&[("x-forwarded-for", &chain(63))]).0, "203.0.113.7");
    assert_eq!(behind_proxy(&[("x-forwarded-for", &chain(64))]).0, "10.9.9.9");
}

#[test]
fn networks_contain_what_their_prefix_says() {
    for (network, inside, outside) in [
        ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
        ("10.1.2.3/8", "10.0.0.0", "9.255.255.255"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
        ("192.0.2.7/32", "192.0.2.7", "192.0.2.8"),
        ("192.0.2.8/30", "192.0.2.11", "192.0.2.12"),
        ("0.0.0.0/0", "255.1.2.3", "::1"),
        ("::/0", "2001:db8::1", "192.0.2.1"),
        ("::1", "::1", "::2"),
        ("fd00::/8", "fdff::1", "fe00::1"),
        ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
        ("::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.0"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.6"),
        (" 10.0.0.0/8 ", "10.0.0.1", "::ffff:11.0.0.1"),
    ] {
        let trusted = proxies(&[network]);
        assert!(trusted.contains(inside.parse().unwrap()), "{network} contains {inside}");
        assert!(!trusted.contains(outside.parse().unwrap()), "{network} does not contain {outside}");
    }
}

#[test]
fn every_text_that_is_no_network_is_named() {
    let error = TrustedProxies::parse([
        "10.0.0.0/8",
        "10.0.0.0/33",
        "::/129",
        "proxy.internal",
        "",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/+8",
        "10.0/8",
        "fe80::1%eth0",
    ])
    .unwrap_err();
    let expected = [
        "10.0.0.0/33",
        "::/129",
        "proxy.internal",
        "",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/+8",
        "10.0/8",
        "fe80::1%eth0",
    ];
    assert_eq!(error.texts, expected);
    assert_eq!(
        TrustedProxies::parse(["localhost"]).unwrap_err().to_string(),
        "not an address or network: `localhost`; write for example `10.0.0.0/8`, `192.0.2.7` or `fd00::/8`"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        forwarded in proptest::collection::vec(prop_oneof![any::<u8>(), "[\",;=\\\\\\[\\]:.for0-9]".prop_map(|s| s.as_bytes()[0])], 0..120),
        plain in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        let mut head = FakeHead::default().with_peer("10.0.0.1");
        head.headers = vec![("forwarded".to_owned(), forwarded), ("x-forwarded-for".to_owned(), plain)];
        for header in [ProxyHeader::Forwarded, ProxyHeader::XForwardedFor] {
            prop_assert!(client_ip(&head, &proxies(&["10.0.0.0/8"]).header(header)).is_some());
        }
    }

    #[test]
    fn nothing_a_client_writes_hides_what_its_proxy_appends(claimed in "[ -~]{0,60}") {
        for (name, own) in [("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=203.0.113.7;proto=https")] {
            let line = format!("{claimed}, {own}");
            prop_assert_eq!(behind_proxy(&[(name, &line)]).0, "203.0.113.7");
        }
    }
}
