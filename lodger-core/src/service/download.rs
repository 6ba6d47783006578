//! An answer that is read while it arrives: as long as it takes, and whole or not at all.

use std::time::Duration;

use reqwest::Version;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use tokio::time::timeout;

use super::http::{head, outgoing};
use super::mask::Mask;
use super::{Http, MAX_BODY, Request, Response, TransportError};

/// In place of a time limit for the whole exchange, which reqwest wants: a hundred years.
const AS_LONG_AS_IT_TAKES: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// An answer whose body is still to come.
pub(crate) struct Download {
    answer: reqwest::Response,
    head: Response,
    mask: Mask,
    silence: Duration,
}

impl Http {
    /// Makes one request whose answer may take as long as it takes. Its beginning has the time of a whole exchange; so has,
    /// after it, each part that arrives. The request's `answer_limit` is not looked at.
    ///
    /// # Errors
    ///
    /// When no status line came back.
    pub(crate) async fn download(&self, request: Request) -> Result<Download, TransportError> {
        let mask = Mask::new(request.credential.clone());
        let mut call = outgoing(request, HeaderMap::new())?;
        *call.timeout_mut() = Some(AS_LONG_AS_IT_TAKES);
        let answer = match timeout(self.timeout, self.client.execute(call)).await {
            Ok(answer) => answer.map_err(TransportError::new)?,
            Err(late) => return Err(TransportError::broken("the service did not answer in time", late)),
        };
        let head = head(&answer);
        Ok(Download { answer, head, mask, silence: self.timeout })
    }
}

impl Download {
    /// Status and headers. No body.
    pub(crate) fn head(&self) -> &Response {
        &self.head
    }

    /// Whether the bytes are what they seem: nobody asked for compression.
    pub(crate) fn is_plain(&self) -> bool {
        self.answer.headers().get(CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity")
    }

    /// Whether the end of the body can be told from a connection that broke: it has a length, or is in chunks (RFC 9112
    /// section 6.3), or in frames (RFC 9113).
    pub(crate) fn shows_its_end(&self) -> bool {
        let has = |name| self.answer.headers().contains_key(name);
        has(CONTENT_LENGTH) || has(TRANSFER_ENCODING) || self.answer.version() >= Version::HTTP_2
    }

    /// The next part, without the credential of the request in it; `None` when the body has ended.
    ///
    /// # Errors
    ///
    /// When it broke off, or nothing came for too long.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub(crate) async fn part(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        loop {
            let part = match timeout(self.silence, self.answer.chunk()).await {
                Ok(part) => part.map_err(TransportError::new)?,
                Err(late) => {
                    return Err(TransportError::broken("the service fell silent in its answer", late));
                }
            };
            let (part, more) = match part {
                Some(part) => (self.mask.part(&part), true),
                None => (self.mask.rest(), false),
            };
            if !part.is_empty() || !more {
                return Ok(Some(part).filter(|part| !part.is_empty()));
            }
        }
    }

    /// The answer as one that is read whole, such as an error: what comes of it in time, up to the usual length.
    pub(crate) async fn into_response(mut self) -> Response {
        let (mut body, silence) = (Vec::new(), self.silence);
        let reading = async {
            loop {
                let part = match self.part().await {
                    Ok(Some(part)) => part,
                    end => return end.is_ok(),
                };
                let room = MAX_BODY - body.len();
                body.extend_from_slice(part.get(..room).unwrap_or(&part));
                if part.len() > room {
                    return false;
                }
            }
        };
        // What came in time is all there is: the status stands.
        let whole = timeout(silence, reading).await.unwrap_or(false);
        Response { whole, body, ..self.head }
    }
}
