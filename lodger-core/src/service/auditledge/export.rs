//! The export, read while it arrives.

use super::api::{may_be_read_again, what};
use super::{AuditledgeApi, AuditledgeError, Filter, StoredEvent};
use crate::service::pages::{Fetching, Page};
use crate::service::{Download, JsonArray, Pages, json};

pub(super) fn events(api: AuditledgeApi, filter: Filter) -> Pages<StoredEvent, AuditledgeError> {
    Pages::new(async move {
        let download = begin(&api, &filter, Format::Json).await?;
        more_events(download, JsonArray::default(), 0).await
    })
}

pub(super) fn csv(api: AuditledgeApi, filter: Filter) -> Pages<Vec<u8>, AuditledgeError> {
    Pages::new(async move {
        let download = begin(&api, &filter, Format::Csv).await?;
        more_csv(download, CsvEnd::default()).await
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Json,
    Csv,
}

/// An answer in this format. What is read is decided by what the service says that it sends, not by what was asked for: an
/// error is JSON in any case.
async fn begin(api: &AuditledgeApi, filter: &Filter, format: Format) -> Result<Download, AuditledgeError> {
    let word = if format == Format::Json { "json" } else { "csv" };
    let call = || async {
        let request = api.exporting(filter, word)?;
        let download = api.http().download(request).await.map_err(AuditledgeError::Transport)?;
        let head = download.head();
        if !head.is_success() {
            return Err(AuditledgeError::read(&download.into_response().await));
        }
        let content_type = head.content_type.as_deref().unwrap_or_default().to_ascii_lowercase();
        let sent = if content_type.contains("text/csv") { Format::Csv } else { Format::Json };
        if !download.is_plain() {
            return Err(AuditledgeError::unreadable(head, "it is compressed, which nobody asked for"));
        }
        if sent != format {
            let reason = format!("{word} was asked for, and something else came");
            return Err(AuditledgeError::unreadable(head, reason));
        }
        Ok(download)
    };
    api.retries().run(call, may_be_read_again).await
}

/// The events that end in the next part, `read` events in.
fn more_events(
    mut download: Download,
    mut array: JsonArray,
    mut read: u64,
) -> Fetching<StoredEvent, AuditledgeError> {
    Box::pin(async move {
        let Some(part) = download.part().await.map_err(AuditledgeError::Transport)? else {
            let end =
                array.end().map_err(|error| AuditledgeError::unreadable(download.head(), error.to_string()));
            return end.map(|()| Page { items: Vec::new(), next: None });
        };
        let (mut elements, mut items) = (Vec::new(), Vec::new());
        let mut problem = array.read(&part, &mut elements).err().map(|error| error.to_string());
        for element in elements {
            match json::read(&element) {
                Ok(event) => items.push(event),
                Err(error) => {
                    problem = Some(format!("its event number {}: {}", read + 1, what(&error)));
                    break;
                }
            }
            read += 1;
        }
        // The events before what is wrong are as good as ever.
        let next: Fetching<_, _> = match problem {
            None => more_events(download, array, read),
            Some(problem) => {
                Box::pin(async move { Err(AuditledgeError::unreadable(download.head(), problem)) })
            }
        };
        Ok(Page { items, next: Some(next) })
    })
}

/// The next part.
fn more_csv(mut download: Download, mut end: CsvEnd) -> Fetching<Vec<u8>, AuditledgeError> {
    Box::pin(async move {
        match download.part().await.map_err(AuditledgeError::Transport)? {
            Some(part) => {
                end.read(&part);
                Ok(Page { items: vec![part], next: Some(more_csv(download, end)) })
            }
            None if download.shows_its_end() || end.is_of_a_line() => {
                Ok(Page { items: Vec::new(), next: None })
            }
            None => Err(AuditledgeError::unreadable(download.head(), "it breaks off within a line")),
        }
    })
}

/// Whether what was read ends with a line (RFC 4180 section 2), for an answer whose end can't be told otherwise. One that
/// breaks off between two lines can't be told from a whole one then.
#[derive(Default)]
struct CsvEnd {
    quoted: bool,
    last: Option<u8>,
}

impl CsvEnd {
    fn read(&mut self, part: &[u8]) {
        // A quote within quotes is doubled.
        self.quoted ^= part.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
        self.last = part.last().copied().or(self.last);
    }

    fn is_of_a_line(&self) -> bool {
        !self.quoted && matches!(self.last, Some(b'\n' | b'\r'))
    }
}
