//! Which program records: from the builder, else from the environment.

use super::settings::Settings;
use crate::event::Origin;

/// Fills what the builder left open, from the variables that OpenTelemetry defines (specification, "Environment
/// Variable Specification" and "Resource semantic conventions") and the host's name.
pub(super) fn complete(mut origin: Origin, settings: &Settings) -> Origin {
    let attributes = settings.get("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let attribute = |name: &str| {
        let pairs = attributes.split(',').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(key, _)| key.trim() == name).map(|(_, value)| decode(value.trim()));
        values.next().filter(|value| !value.is_empty())
    };
    let or = |given: &mut Option<String>, fallback: &dyn Fn() -> Option<String>| {
        if given.is_none() {
            *given = fallback();
        }
    };
    or(&mut origin.service, &|| settings.get("OTEL_SERVICE_NAME").or_else(|| attribute("service.name")));
    or(&mut origin.version, &|| attribute("service.version"));
    // The name was `deployment.environment` until semantic conventions 1.27.
    or(&mut origin.environment, &|| {
        attribute("deployment.environment.name").or_else(|| attribute("deployment.environment"))
    });
    or(&mut origin.host, &|| settings.get("HOSTNAME").or_else(host_name));
    origin
}

/// Values are percent-encoded (W3C Baggage). What is not well-formed stays as it is.
fn decode(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_owned())
}

#[cfg(feature = "journal")]
fn host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(not(feature = "journal"))]
fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_builder_says_wins_over_the_environment() {
        let settings = Settings::table(&[
            ("OTEL_SERVICE_NAME", "billing"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=other, service.version=1.4.2,deployment.environment=old,\
                 deployment.environment.name=eu%2Dprod,x=",
            ),
            ("HOSTNAME", "web-1"),
        ]);
        let origin = complete(Origin::default(), &settings);
        assert_eq!(origin.service.as_deref(), Some("billing"));
        assert_eq!(origin.version.as_deref(), Some("1.4.2"));
        assert_eq!(origin.environment.as_deref(), Some("eu-prod"));
        assert_eq!(origin.host.as_deref(), Some("web-1"));

        let given = Origin { service: Some("invoicing".to_owned()), ..Origin::default() };
        assert_eq!(complete(given, &settings).service.as_deref(), Some("invoicing"));
    }

    #[test]
    fn the_older_environment_attribute_and_broken_escapes_are_taken_too() {
        let settings = Settings::table(&[
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=a%zz%4,deployment.environment=staging"),
            ("HOSTNAME", ""),
        ]);
        let origin = complete(Origin::default(), &settings);
        assert_eq!(origin.service.as_deref(), Some("a%zz%4"));
        assert_eq!(origin.environment.as_deref(), Some("staging"));
        assert!(origin.host.is_some_and(|host| !host.is_empty()));
    }
}
