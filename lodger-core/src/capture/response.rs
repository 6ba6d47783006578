//! What the layer sees of a response.

use super::request_id;

/// What the layer sees of a response.
#[derive(Debug)]
pub struct ResponseHead<'p> {
    /// The HTTP status.
    pub(super) status: u16,
    /// The gRPC code, where the head has one.
    pub(super) grpc: Option<u32>,
    /// Whether it carries a request id already.
    pub(super) has_request_id: bool,
    /// The request id that it carries, where it is acceptable.
    pub(super) request_id: Option<String>,
    /// The route template, where the framework only knows it after the call.
    pub(super) route: Option<String>,
    /// The path that was routed, where a middleware inside may have changed it.
    pub(super) path: Option<&'p str>,
}

impl<'p> ResponseHead<'p> {
    /// A head with this HTTP status. `header` looks up the first value of a header; its name is in lower case.
    #[must_use]
    pub fn new<'a>(status: u16, header: impl Fn(&'static str) -> Option<&'a [u8]>) -> Self {
        let request_id = header("x-request-id");
        Self {
            status,
            grpc: header("grpc-status").filter(|_| header("content-type").is_some_and(is_grpc)).map(code),
            has_request_id: request_id.is_some(),
            request_id: request_id.and_then(request_id::accept).map(str::to_owned),
            route: None,
            path: None,
        }
    }

    /// Says the route template and the path that was routed, where the framework only knows them after the call.
    #[must_use]
    pub fn routed(self, route: Option<String>, path: &'p str) -> Self {
        Self { route, path: Some(path), ..self }
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

    fn head(headers: &[(&str, &'static str)]) -> ResponseHead<'static> {
        ResponseHead::new(200, |name| {
            headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_bytes())
        })
    }

    #[test]
    fn a_grpc_code_counts_with_a_content_type_of_grpc() {
        for (content_type, grpc) in [
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
            let head = head(&[("content-type", content_type), ("grpc-status", "7")]);
            assert_eq!(head.grpc, grpc, "{content_type}");
        }
        assert_eq!(head(&[("grpc-status", "7")]).grpc, None);
        assert_eq!(head(&[("content-type", "application/grpc")]).grpc, None);
    }

    #[test]
    fn what_is_no_code_is_an_unknown_error_and_never_success() {
        for (value, grpc) in [
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
            let head = head(&[("content-type", "application/grpc"), ("grpc-status", value)]);
            assert_eq!(head.grpc, Some(grpc), "{value:?}");
        }
    }
}
