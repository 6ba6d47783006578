//! What the layer sees of a response.

use std::fmt;

/// A header that the layer asks for in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// `content-type`.
    ContentType,
    /// `grpc-status`.
    GrpcStatus,
    /// `x-request-id`.
    RequestId,
}

/// What the layer sees of a response. What it asks for is looked up when it asks.
pub struct ResponseHead<'a> {
    /// The HTTP status.
    pub(super) status: u16,
    header: &'a dyn Fn(Asked) -> Option<&'a [u8]>,
    /// Finds the route template, where the framework only knows it after the call, and the path that was routed, where a
    /// middleware inside may have changed it.
    pub(super) routed: Option<(&'a dyn Fn() -> Option<String>, &'a str)>,
}

impl<'a> ResponseHead<'a> {
    /// A head with this HTTP status. `header` looks up the first value of a header.
    #[must_use]
    pub fn new(status: u16, header: &'a dyn Fn(Asked) -> Option<&'a [u8]>) -> Self {
        Self { status, header, routed: None }
    }

    /// Says how to find out which route it was, and of which path, where the framework only knows it after the call. It is
    /// only asked where something is to be said of the request; whoever finds the scope in the request's extensions later
    /// says it [then](super::Scope::routed).
    #[must_use]
    pub fn routed(self, route: &'a dyn Fn() -> Option<String>, path: &'a str) -> Self {
        Self { routed: Some((route, path)), ..self }
    }

    /// The gRPC code, where the head has one.
    pub(crate) fn grpc(&self) -> Option<u32> {
        (self.header)(Asked::ContentType).filter(|value| is_grpc(value))?;
        (self.header)(Asked::GrpcStatus).map(code)
    }

    /// The request id that it carries already, acceptable or not.
    pub(crate) fn request_id(&self) -> Option<&'a [u8]> {
        (self.header)(Asked::RequestId)
    }
}

impl fmt::Debug for ResponseHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Whether a content type is one of gRPC or gRPC-Web: "application/grpc", whatever follows (gRPC over HTTP/2,
/// "Requests"; gRPC-Web, "Protocol differences").
fn is_grpc(content_type: &[u8]) -> bool {
    const PREFIX: &[u8] = b"application/grpc";
    content_type.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// The code as a number. What is none is 2, `UNKNOWN`, as clients read it (grpc, "Status codes and their use").
fn code(value: &[u8]) -> u32 {
    const UNKNOWN: u32 = 2;
    let digits =
        std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grpc(headers: &[(&str, &str)]) -> Option<u32> {
        let header = |asked| {
            let name = match asked {
                Asked::ContentType => "content-type",
                Asked::GrpcStatus => "grpc-status",
                Asked::RequestId => "x-request-id",
            };
            headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_bytes())
        };
        ResponseHead::new(200, &header).grpc()
    }

    #[test]
    fn a_grpc_code_counts_with_a_content_type_of_grpc() {
        for (content_type, code) in [
            ("application/grpc", Some(7)),
            ("application/grpc+proto", Some(7)),
            ("application/grpc; charset=utf-8", Some(7)),
            ("Application/GRPC+json", Some(7)),
            ("application/grpc-web", Some(7)),
            ("application/grpc-web-text+proto", Some(7)),
            ("application/json", None),
            ("application/grp", None),
            ("text/application/grpc", None),
            ("", None),
        ] {
            let found = grpc(&[("content-type", content_type), ("grpc-status", "7")]);
            assert_eq!(found, code, "{content_type}");
        }
        assert_eq!(grpc(&[("grpc-status", "7")]), None);
        assert_eq!(grpc(&[("content-type", "application/grpc")]), None);
    }

    #[test]
    fn what_is_no_code_is_an_unknown_error_and_never_success() {
        for (value, code) in [
            ("0", 0),
            ("00", 0),
            ("5", 5),
            ("16", 16),
            ("17", 17),
            ("4294967295", 4_294_967_295),
            ("4294967296", 2),
            ("", 2),
            ("-1", 2),
            ("+0", 2),
            (" 0", 2),
            ("0x0", 2),
            ("OK", 2),
            ("\u{660}", 2),
        ] {
            let found = grpc(&[("content-type", "application/grpc"), ("grpc-status", value)]);
            assert_eq!(found, Some(code), "{value:?}");
        }
    }
}
