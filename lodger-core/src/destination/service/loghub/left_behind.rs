//! What there is of the events that another process left behind.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::listing::Listing;
use crate::destination::LookUp;
use crate::service::loghub::LogHubApi;

/// Of how many tenants a list is kept at most.
pub(super) const MOST_TENANTS: usize = 64;

/// One list for each tenant, made when the first event is asked about that another process left behind: whatever may be there of
/// such events was sent before that. Asking for each of them would read the same pages each time.
#[derive(Default)]
pub(super) struct LeftBehind(Mutex<VecDeque<(String, Kept)>>);

/// A list that is made once, however many want it at the same time.
type Kept = Arc<OnceCell<Listing>>;

/// Another destination is for another opening of a journal, for which more may have been left behind since.
impl Clone for LeftBehind {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl LeftBehind {
    /// The list of this tenant, which is made now if there is none.
    pub(super) async fn listing(&self, api: &LogHubApi, external_id: &str) -> Result<Kept, LookUp> {
        let kept = self.kept(external_id);
        kept.get_or_try_init(|| Listing::read(api, external_id, |_| false)).await?;
        Ok(kept)
    }

    fn kept(&self, external_id: &str) -> Kept {
        let mut tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, kept)) = tenants.iter().find(|(tenant, _)| tenant == external_id) {
            return Arc::clone(kept);
        }
        if tenants.len() >= MOST_TENANTS {
            tenants.pop_front();
        }
        let kept = Kept::default();
        tenants.push_back((external_id.to_owned(), Arc::clone(&kept)));
        kept
    }
}

impl fmt::Debug for LeftBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeftBehind").finish_non_exhaustive()
    }
}
