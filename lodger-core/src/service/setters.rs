//! What every builder of a client can be told about HTTP.

/// Setters for an `impl` block of a builder that holds an [`HttpConfig`](super::HttpConfig) named `http`.
macro_rules! http_setters {
    () => {
        /// How long connecting may take, TLS included. Default: 10 s.
        pub fn connect_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.http.connect_timeout = timeout;
            self
        }

        /// How long one request may take from connecting to the last byte of the answer. Default: 30 s.
        pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.http.timeout = timeout;
            self
        }

        /// Goes through this proxy. Default: none, also when the environment names one.
        pub fn proxy(mut self, proxy: impl Into<String>) -> Self {
            self.http.proxy = Some(proxy.into());
            self
        }

        /// Allows plain `http` to another machine. Whoever listens in between reads the key and every event.
        pub fn allow_plain_http(mut self) -> Self {
            self.http.allow_plain_http = true;
            self
        }
    };
}

pub(crate) use http_setters;
