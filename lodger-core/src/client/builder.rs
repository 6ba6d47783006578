//! Builds a [`Lodger`].

use std::path::PathBuf;
use std::sync::Arc;

use super::error::{BuildError, BuildProblem};
use super::handle::Lodger;
use super::prepare::Preparation;
use super::settings::Settings;
use super::{fitness, hash_key, origin};
use crate::destination::Route;
use crate::event::Origin;
use crate::journal::{JournalConfig, MAX_DESTINATIONS};
#[cfg(feature = "testing")]
use crate::pipeline::ImpatientClock;
use crate::pipeline::{Clock, Config, Limits, Pipeline, StartError, SystemClock};
use crate::redact::{HashKey, Rules};

/// Where the journal lies when nobody says.
const DEFAULT_JOURNAL_DIR: &str = "./lodger-data/journal";

/// The least that a destination's share of the journal may be, in bytes: a few events of usual size.
const LEAST_SHARE: u64 = 4_096;

/// Builds a [`Lodger`]. What it isn't told, except the destination, it takes from the environment.
///
/// # Default
///
/// - destination: none; at least one has to be given
/// - journal: on disk, in `LODGER_JOURNAL_DIR`, else `./lodger-data/journal`, at most 1 GiB
/// - a journal on a network file system: refused, unless `LODGER_JOURNAL_ALLOW_NETWORK_FS` is `1`
/// - service: `OTEL_SERVICE_NAME`, else `service.name` in `OTEL_RESOURCE_ATTRIBUTES`
/// - version, environment: `service.version`, `deployment.environment.name` in `OTEL_RESOURCE_ATTRIBUTES`
/// - host: `HOSTNAME`, else the host's name
/// - hash key: `LODGER_HASH_KEY` (64 hexadecimal digits), else made once and kept in `<journal>/hash.key`
/// - redaction: the names that [`Rules`] knows by default
#[derive(Debug)]
#[must_use = "call `build()` to get the client"]
pub struct LodgerBuilder {
    settings: Settings,
    routes: Vec<Route>,
    journal: Journal,
    max_journal_bytes: Option<u64>,
    allow_network_file_system: bool,
    origin: Origin,
    hash_key: Option<HashKey>,
    rules: Rules,
    clock: Arc<dyn Clock>,
    problems: Vec<BuildProblem>,
    #[cfg(feature = "testing")]
    stands_for_disk: bool,
}

/// Where the journal is to lie.
#[derive(Debug)]
enum Journal {
    FromSettings,
    At(PathBuf),
    InMemory,
}

impl LodgerBuilder {
    pub(super) fn new() -> Self {
        Self::with(Settings::environment())
    }

    pub(super) fn with(settings: Settings) -> Self {
        Self {
            settings,
            routes: Vec::new(),
            journal: Journal::FromSettings,
            max_journal_bytes: None,
            allow_network_file_system: false,
            origin: Origin::default(),
            hash_key: None,
            rules: Rules::default(),
            clock: Arc::new(SystemClock::default()),
            problems: Vec::new(),
            #[cfg(feature = "testing")]
            stands_for_disk: false,
        }
    }

    /// For tests: the journal lies in memory, and the client says that it is durable all the same, so that they can
    /// use the very layer that is shipped. It tries again soon.
    #[cfg(feature = "testing")]
    pub(crate) fn for_tests(self) -> Self {
        Self { stands_for_disk: true, ..self.impatient().in_memory_journal() }
    }

    /// Tries again soon: each backoff is a hundredth of the usual one, at most 0.6 s. For tests against a destination
    /// that fails now and then (feature `testing`); what a destination asked for, as by `Retry-After`, is kept to.
    #[cfg(feature = "testing")]
    pub fn impatient(self) -> Self {
        Self { clock: Arc::new(ImpatientClock::default()), ..self }
    }

    /// A builder that takes nothing from the environment.
    #[cfg(feature = "testing")]
    pub(crate) fn apart() -> Self {
        Self::with(Settings::none())
    }

    /// Adds the destinations that the environment names: those of `LODGER_DESTINATION`, or the Lodger API when there
    /// is only `LODGER_API_KEY`; see [`registry`](crate::destination::registry).
    pub fn destination_from_env(mut self) -> Self {
        match self.settings.destinations() {
            Ok(routes) => self.routes.extend(routes),
            Err(error) => self.problems.push(BuildProblem::Destination(error)),
        }
        self
    }

    /// Adds a destination, or a [`Route`] to one that says which events it gets; without a filter it gets every event. None
    /// of several waits for another. At most 16.
    pub fn destination(mut self, route: impl Into<Route>) -> Self {
        self.routes.push(route.into());
        self
    }

    /// Keeps the journal in this directory, which has to be on a disk that outlives the process.
    pub fn journal_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.journal = Journal::At(dir.into());
        self
    }

    /// Keeps the journal in memory: events that are not delivered when the process ends are lost, unless the response
    /// waited for their delivery.
    pub fn in_memory_journal(mut self) -> Self {
        self.journal = Journal::InMemory;
        self
    }

    /// The journal takes at most this many bytes, divided into equal shares for the destinations. A destination whose share
    /// is used up misses events; what no destination has room for is refused. At least 4,096 bytes for each. What an earlier start with fewer destinations or
    /// a larger limit left beyond a destination's share comes on top until it is delivered. Default: 1 GiB.
    pub fn max_journal_bytes(mut self, bytes: u64) -> Self {
        self.max_journal_bytes = Some(bytes);
        self
    }

    /// Lets the journal lie on a network file system (NFS, SMB, 9p, CephFS, …) or a cluster's. Default: no, unless
    /// `LODGER_JOURNAL_ALLOW_NETWORK_FS` is `1`; building is refused there.
    ///
    /// # Durability
    ///
    /// As good as that mount's `fsync` and `flock`, which is for you to know: with a sync that returns early an
    /// acknowledged event can be lost, and with a lock that two processes get one can be delivered twice.
    pub fn allow_network_file_system(mut self) -> Self {
        self.allow_network_file_system = true;
        self
    }

    /// The name of this service, as it stands in every event's origin.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.origin.service = Some(name.into());
        self
    }

    /// The version of this service.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.origin.version = Some(version.into());
        self
    }

    /// Where this service runs: `production`, `staging`, …
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.origin.environment = Some(name.into());
        self
    }

    /// The host or container that this service runs on.
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.origin.host = Some(name.into());
        self
    }

    /// The key under which sessions and secrets are hashed, 32 random bytes. The same key on every host lets equal
    /// values be recognised across hosts.
    pub fn hash_key(mut self, key: impl AsRef<[u8]>) -> Self {
        match key.as_ref().try_into() {
            Ok(key) => self.hash_key = Some(HashKey::from_bytes(key)),
            Err(_) => self.problems.push(BuildProblem::Setting {
                name: "hash_key".to_owned(),
                message: format!("must be 32 bytes, not {}", key.as_ref().len()),
            }),
        }
        self
    }

    /// What is redacted before anything is written.
    pub fn redact(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Opens the journal, starts its thread and one for each destination, and delivers what an earlier process left.
    ///
    /// Blocks this thread while the journal's files are opened and read: milliseconds, or seconds where a crash left a
    /// gigabyte. On a runtime's thread that is for start-up, before requests are served; later, use `spawn_blocking`.
    ///
    /// Where a destination never takes the events of some `#[audited]` function, because of their action alone, the log says so
    /// now, at level error, and [`Lodger::misfits`] has them. That is no error of the start: the function may be a library's
    /// that never runs, the filter may leave its events out by how they end, other destinations take them, and at this one
    /// they are dead letters, not lost. A service must not stay down for that; a test may fail for it.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names every problem at once, each with what to do.
    pub fn build(mut self) -> Result<Lodger, BuildError> {
        let hash_key = self.given_hash_key();
        self.check_destinations();
        BuildError::unless_empty(self.problems)?;
        let misfits = fitness::of_annotated(&self.routes);

        let dir = match self.journal {
            Journal::InMemory => None,
            Journal::At(dir) => Some(dir),
            Journal::FromSettings => {
                let dir = self.settings.get("LODGER_JOURNAL_DIR");
                Some(dir.unwrap_or_else(|| DEFAULT_JOURNAL_DIR.to_owned()).into())
            }
        };
        let journal = JournalConfig {
            allow_network_file_system: self.allow_network_file_system
                || self.settings.get("LODGER_JOURNAL_ALLOW_NETWORK_FS").is_some_and(|value| value == "1"),
            ..journal_config(dir.clone(), self.max_journal_bytes)
        };
        let pipeline = Pipeline::start(Config {
            journal,
            routes: self.routes,
            limits: Limits::default(),
            clock: self.clock,
        })
        .map_err(|error| match error {
            StartError::Journal(error) => BuildProblem::Journal(error),
            StartError::Thread { name, source } => BuildProblem::Thread { name, source },
        })?;
        #[cfg(feature = "metrics")]
        super::metrics::start(pipeline.view())
            .map_err(|source| BuildProblem::Thread { name: "lodger-metrics".to_owned(), source })?;
        let hash_key = match (hash_key, dir) {
            (Some(key), _) => key,
            #[cfg(feature = "journal")]
            (None, Some(dir)) => hash_key::kept_in(&dir)?,
            (None, _) => hash_key::generated()?,
        };
        let preparation = Preparation {
            origin: origin::complete(self.origin, &self.settings),
            rules: self.rules,
            hash_key,
        };
        #[cfg(feature = "testing")]
        if self.stands_for_disk {
            return Ok(Lodger::standing_for_disk(pipeline, preparation, misfits));
        }
        Ok(Lodger::new(pipeline, preparation, misfits))
    }

    fn given_hash_key(&mut self) -> Option<HashKey> {
        if self.hash_key.is_some() {
            return self.hash_key.take();
        }
        hash_key::from_settings(&self.settings).unwrap_or_else(|problem| {
            self.problems.push(problem);
            None
        })
    }

    fn check_destinations(&mut self) {
        let complained = |problem: &BuildProblem| matches!(problem, BuildProblem::Destination(_));
        if self.routes.is_empty() && !self.problems.iter().any(complained) {
            self.problems.extend(Settings::no_destination().map(BuildProblem::Destination));
        }
        if self.routes.len() > MAX_DESTINATIONS {
            self.problems
                .push(BuildProblem::TooManyDestinations { given: self.routes.len(), most: MAX_DESTINATIONS });
        }
        let least = LEAST_SHARE.saturating_mul(self.routes.len().max(1) as u64);
        if let Some(given) = self.max_journal_bytes.filter(|&given| given < least) {
            self.problems.push(BuildProblem::Setting {
                name: "max_journal_bytes".to_owned(),
                message: format!(
                    "must be at least {least} bytes, {LEAST_SHARE} for each destination, not {given}; an event may have up \
                     to 65536 bytes, so 1 MiB and more makes sense"
                ),
            });
        }
        let mut seen = Vec::new();
        for route in &self.routes {
            let identity = route.destination.identity();
            for message in route.problems() {
                self.problems.push(BuildProblem::Route { destination: identity.clone(), message });
            }
            if seen.contains(&identity) {
                self.problems.push(BuildProblem::SamePlace { identity });
            } else {
                seen.push(identity);
            }
        }
    }
}

fn journal_config(dir: Option<PathBuf>, max_bytes: Option<u64>) -> JournalConfig {
    let default = JournalConfig { dir, ..JournalConfig::default() };
    match max_bytes {
        // A journal needs four segments to turn round.
        Some(max_bytes) => {
            JournalConfig { max_bytes, segment_bytes: default.segment_bytes.min(max_bytes / 4), ..default }
        }
        None => default,
    }
}
