//! Keys and tokens that their issuers made recognisable.

use super::{Places, byte_before, run_end};

/// What a key is made of behind its prefix.
#[derive(Clone, Copy)]
enum Body {
    /// Letters, digits, `_` and `-`, at least so many.
    AtLeast(usize),
    /// The same with `.` between its parts.
    Dotted(usize),
    /// Capitals and digits, exactly so many.
    Capitals(usize),
}

use Body::{AtLeast, Capitals, Dotted};

/// Prefixes from the issuers' own pages and from GitHub's list of supported secret scanning patterns. The minimum
/// lengths are below what the issuers use today and above what a word of prose or a variable's name has.
const KEYS: &[(&str, Body)] = &[
    ("lodger_sk_", AtLeast(8)),
    // AWS, "IAM identifiers: unique ids": long-term and temporary access keys.
    ("AKIA", Capitals(16)),
    ("ASIA", Capitals(16)),
    // GitHub, "About authentication to GitHub: token formats".
    ("ghp_", AtLeast(30)),
    ("gho_", AtLeast(30)),
    ("ghu_", AtLeast(30)),
    ("ghs_", AtLeast(30)),
    ("ghr_", AtLeast(30)),
    ("github_pat_", AtLeast(22)),
    ("glpat-", AtLeast(20)),
    // Stripe: secret, restricted and webhook keys. Publishable ones (`pk_`) are public.
    ("sk_live_", AtLeast(10)),
    ("sk_test_", AtLeast(10)),
    ("rk_live_", AtLeast(10)),
    ("rk_test_", AtLeast(10)),
    ("whsec_", AtLeast(16)),
    ("xoxa-", AtLeast(10)),
    ("xoxb-", AtLeast(10)),
    ("xoxp-", AtLeast(10)),
    ("xoxr-", AtLeast(10)),
    ("xoxs-", AtLeast(10)),
    ("xapp-", AtLeast(10)),
    // Google: API key, OAuth access token, client secret.
    ("AIza", AtLeast(35)),
    ("ya29.", AtLeast(20)),
    ("GOCSPX-", AtLeast(20)),
    ("SG.", Dotted(40)),
    ("npm_", AtLeast(36)),
    ("pypi-", AtLeast(50)),
    ("rubygems_", AtLeast(40)),
    ("dckr_pat_", AtLeast(20)),
    ("dop_v1_", AtLeast(40)),
    ("hf_", AtLeast(30)),
    ("sk-ant-", AtLeast(20)),
    ("sk-proj-", AtLeast(20)),
    ("sk-", AtLeast(40)),
    ("gsk_", AtLeast(40)),
    ("shpat_", AtLeast(30)),
    ("shpss_", AtLeast(30)),
    ("sq0atp-", AtLeast(20)),
    ("sq0csp-", AtLeast(20)),
    ("xkeysib-", AtLeast(40)),
    ("hvs.", AtLeast(20)),
    ("tskey-", AtLeast(16)),
    ("PMAK-", AtLeast(20)),
    ("sntrys_", AtLeast(20)),
    ("figd_", AtLeast(20)),
    ("lin_api_", AtLeast(20)),
    ("AGE-SECRET-KEY-1", AtLeast(40)),
];

/// What a JSON Web Token begins with: `{"` in base64url (RFC 7515 section 3.3).
const JWT: &str = "eyJ";

/// What keys begin with, three bytes or more.
pub(super) fn beginnings() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(prefix, _)| *prefix).chain([JWT])
}

pub(super) fn find(text: &str, places: &mut Places) {
    let mut at = 0;
    while at < text.len() {
        let attached = byte_before(text, at).is_some_and(is_body);
        let Some(rest) = text.get(at..).filter(|_| !attached) else {
            at += 1;
            continue;
        };
        // Past what was looked at, found or not: looking at it again from every dot would be quadratic.
        at = match key_end(text, at, rest) {
            Some((end, true)) => {
                places.push(at..end);
                end
            }
            Some((end, false)) => end,
            None => at + 1,
        };
    }
}

/// Where what begins like a key ends, and whether it is one.
fn key_end(text: &str, at: usize, rest: &str) -> Option<(usize, bool)> {
    if rest.starts_with(JWT) {
        let end = run_end(text, at, is_dotted);
        return Some((end, is_jwt(text.get(at..end).unwrap_or_default())));
    }
    let (prefix, body) = KEYS.iter().find(|(prefix, _)| rest.starts_with(prefix))?;
    let start = at + prefix.len();
    let end = if matches!(body, Dotted(_)) {
        run_end(text, start, is_dotted)
    } else {
        run_end(text, start, is_body)
    };
    let length = end - start;
    let is_key = match *body {
        AtLeast(min) | Dotted(min) => length >= min,
        Capitals(exactly) => {
            length == exactly
                && run_end(text, start, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) == end
        }
    };
    Some((end, is_key))
}

/// Three parts of base64url, or five when encrypted (RFC 7515 section 7.1, RFC 7516 section 7.1). The last may be
/// empty: an unsecured token has no signature.
fn is_jwt(text: &str) -> bool {
    let text = text.trim_end_matches('.');
    let parts = text.split('.').count();
    let mut lengths = text.split('.').map(str::len);
    (2..=5).contains(&parts)
        && lengths.next().is_some_and(|header| header >= 8)
        && lengths.next().is_some_and(|payload| payload >= 2)
}

fn is_body(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn is_dotted(byte: u8) -> bool {
    is_body(byte) || byte == b'.'
}
