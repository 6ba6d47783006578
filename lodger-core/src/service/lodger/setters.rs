//! What every call can be told.

/// Setters for an `impl` block of a call that holds fields of these names.
macro_rules! call_setters {
    (workspace) => {
        /// Another workspace than the client's.
        pub fn workspace(mut self, workspace: impl Into<String>) -> Self {
            self.workspace = Some(workspace.into());
            self
        }
    };
    (project) => {
        /// Another project than the client's.
        pub fn project(mut self, project: impl Into<String>) -> Self {
            self.project = Some(project.into());
            self
        }
    };
    (options) => {
        /// Settings of this one call: key, idempotency key, environment, server, request context. Replaces those that
        /// were given before.
        pub fn options(mut self, options: $crate::service::lodger::CallOptions) -> Self {
            self.options = options;
            self
        }
    };
    ($($name:ident),+) => {
        $($crate::service::lodger::setters::call_setters!($name);)+
    };
}

pub(super) use call_setters;
