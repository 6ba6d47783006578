//! The setters that `AuditLayer` and `AuditMiddleware` share, written once.

/// Gives a layer type its settings. The type has the fields `settings: Arc<Settings>` and `checked: Checked`, and a setter
/// `fail_closed` of its own, since what turns a request away depends on the framework.
#[doc(hidden)]
#[macro_export]
macro_rules! __layer_settings {
    ($layer:ident $(<$mode:ident>)?) => {
        #[cfg(feature = "testing")]
        impl $(<$mode>)? $crate::capture::Layered for $layer $(<$mode>)? {
            fn settings(&self) -> &$crate::capture::Settings {
                &self.settings
            }
        }

        impl $(<$mode>)? $layer $(<$mode>)? {
            /// Replaces the outcomes that are recorded. Default: successes, "function ok, but the response says
            /// otherwise", and unknowns. An `on(..)` of the attribute goes before this one.
            ///
            /// Told to record what is denied, the layer also records requests that were refused before an annotated
            /// function ran, as `request.denied`; told to record failures, also changes that were turned away, as
            /// `request.rejected`. A [`rule`](Self::rule) gives them a name of your own. When there are more such
            /// requests than a tenth of the intake holds, they are told together: one event for each address, action and
            /// outcome a minute, whose `metadata.aggregated` says how many there were.
            #[must_use]
            pub fn on(self, outcomes: impl Into<$crate::capture::OutcomeSet>) -> Self {
                self.set(|settings| settings.on(outcomes.into()))
            }

            /// Records every outcome. Default: see [`on`](Self::on).
            #[must_use]
            pub fn on_always(self) -> Self {
                self.set(|settings| settings.on($crate::capture::OutcomeSet::ALWAYS))
            }

            /// Captures a route without touching its handler: `.rule("DELETE /members/{id}",
            /// "organization.member.removed")`. Paths are written in axum's syntax in both frameworks. A static segment
            /// goes before a parameter, a parameter before `{*rest}`; GET covers HEAD, `*` every method but OPTIONS.
            /// Where an annotated function has left an event of its own, has discarded it or still runs, the rule says
            /// nothing. Where the framework names no route, the pattern stands for it.
            #[must_use]
            pub fn rule(self, route: impl Into<String>, action: impl Into<String>) -> Self {
                self.set(|settings| settings.rule(route.into(), action.into()))
            }

            /// What is done about a successful POST, PUT, PATCH or DELETE that left no event.
            /// Default: [`Unaudited::Warn`]($crate::capture::Unaudited::Warn).
            #[must_use]
            pub fn unaudited(self, alarm: $crate::capture::Unaudited) -> Self {
                self.set(|settings| settings.unaudited(alarm))
            }

            /// What a response waits for. Default: [`Guarantee::Durable`]($crate::capture::Guarantee::Durable).
            #[must_use]
            pub fn guarantee(self, guarantee: $crate::capture::Guarantee) -> Self {
                self.set(|settings| settings.guarantee(guarantee))
            }

            /// How long a response waits at most for its events to be on disk. Default: 2 seconds. When the time is
            /// up the response goes out unchanged, and `guarantee_missed` is counted.
            #[must_use]
            pub fn durable_wait(self, limit: ::std::time::Duration) -> Self {
                self.set(|settings| settings.durable_wait(limit))
            }

            /// How long a response waits at most for its events to be delivered. Default: 10 seconds. When the time is
            /// up the response goes out unchanged, and `guarantee_missed` is counted.
            #[must_use]
            pub fn delivered_wait(self, limit: ::std::time::Duration) -> Self {
                self.set(|settings| settings.delivered_wait(limit))
            }

            /// The proxies whose `Forwarded` or `X-Forwarded-For` is believed, as addresses or CIDRs. Default: none,
            /// the client address is the socket's.
            #[must_use]
            pub fn trusted_proxies<I>(self, proxies: I) -> Self
            where
                I: IntoIterator,
                I::Item: Into<String>,
            {
                let proxies = proxies.into_iter().map(Into::into);
                self.set(|settings| settings.trusted_proxies(proxies))
            }

            /// The one header that the trusted proxies write. Default: either; where both come and disagree, the
            /// client address is the socket's, since nobody can see which of them the proxy wrote.
            #[must_use]
            pub fn proxy_header(self, header: $crate::capture::client_ip::ProxyHeader) -> Self {
                self.set(|settings| settings.proxy_header(header))
            }

            /// The cookie that holds the session id. Events carry a keyed hash of it. Default: none.
            #[must_use]
            pub fn session_cookie(self, name: impl Into<String>) -> Self {
                self.set(|settings| settings.session_cookie(name.into()))
            }

            /// The tenant of events whose actor has none. Default: none.
            #[must_use]
            pub fn tenant(self, tenant: impl Into<String>) -> Self {
                self.set(|settings| settings.tenant(tenant.into()))
            }

            /// Checks the settings now, instead of when the layer is applied.
            ///
            /// # Errors
            ///
            /// [`LayerError`]($crate::capture::LayerError) names every problem: a rule that can't be read or stands
            /// twice, a proxy that is no address, a guarantee that the client can't give.
            pub fn build(self) -> Result<Self, $crate::capture::LayerError> {
                self.checked.policy(&self.settings)?;
                Ok(self)
            }

            fn set(mut self, change: impl FnOnce(&mut $crate::capture::Settings)) -> Self {
                change(::std::sync::Arc::make_mut(&mut self.settings));
                // What was checked before no longer holds, and clones made before keep their own.
                self.checked = $crate::capture::Checked::default();
                self
            }
        }
    };
}
