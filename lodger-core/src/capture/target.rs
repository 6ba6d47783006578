//! The target that the route itself names: the last resort before "unresolved".

use super::route_pattern::RoutePattern;
use crate::event::{Target, entity_of};

/// The most characters of a target's kind and of its id.
const MAX_KIND_CHARS: usize = 64;
const MAX_ID_CHARS: usize = 128;

/// The target that the path parameters name, for an action about `entity` (`member` in
/// `organization.member.removed`). `params` are the framework's, decoded, in the order of the path.
///
/// - A parameter called `<entity>_id`, wherever it stands: `{member_id}`.
/// - Else the parameter that is the route's last segment, whatever its name, when the segment before it is the entity
///   or its plural: `/members/{id}`, `/categories/{slug}`, `/boxes/{n}`.
///
/// `-` equals `_`, and a slash at the end doesn't matter. Everything else is None, because it would be a guess:
/// `POST /orgs/{id}/members` happens to an org's list and names no member. None too when the id is empty, longer than
/// an event's 128 characters, or given twice with different values.
#[must_use]
pub fn target_from_params<N: AsRef<str>, V: AsRef<str>>(
    entity: &str,
    template: &str,
    params: &[(N, V)],
) -> Option<Target> {
    let id = named_after(entity, params).unwrap_or_else(|| last_segment(entity, template, params))?;
    let fits = |text: &str, most: usize| !text.is_empty() && text.chars().nth(most).is_none();
    (fits(entity, MAX_KIND_CHARS) && fits(id, MAX_ID_CHARS)).then(|| Target::new(entity, id))
}

/// Whether a target that was found, not named, is what an action about `entity` is about.
///
/// A handler for `organization.member.removed` has an `Extension<Organization>` and returns the changed organisation:
/// both are targets of the application, neither is the one. So the kind must be the entity, its plural or singular, or
/// end with it (`organization_member`). An action without an entity takes what there is.
pub(super) fn is_about(action: &str, target: &Target) -> bool {
    let Some(entity) = entity_of(action) else { return true };
    let kind = target.kind.to_ascii_lowercase();
    let last_word = kind.len().checked_sub(entity.len()).and_then(|start| kind.split_at_checked(start));
    let ends_with =
        |(before, word): (&str, &str)| before.ends_with(['_', '-', '.', ' ']) && same_word(word, entity);
    is_entity_or_plural(&kind, entity)
        || is_entity_or_plural(entity, &kind)
        || last_word.is_some_and(ends_with)
}

/// The value of `<entity>_id`. The outer None: there is no such parameter; the inner: it contradicts itself.
fn named_after<'p, N: AsRef<str>, V: AsRef<str>>(
    entity: &str,
    params: &'p [(N, V)],
) -> Option<Option<&'p str>> {
    let is_named = |name: &str| {
        let before = name.strip_suffix("_id").or_else(|| name.strip_suffix("-id"));
        before.is_some_and(|before| same_word(before, entity))
    };
    let mut values =
        params.iter().filter(|(name, _)| is_named(name.as_ref())).map(|(_, value)| value.as_ref());
    let first = values.next()?;
    Some(values.all(|value| value == first).then_some(first))
}

/// The value of the parameter that is the last segment, when the literal before it is about the entity.
fn last_segment<'p, N: AsRef<str>, V: AsRef<str>>(
    entity: &str,
    template: &str,
    params: &'p [(N, V)],
) -> Option<&'p str> {
    let route = RoutePattern::parse(template).ok()?;
    let (before, parameter) = route.final_parameter()?;
    if !is_entity_or_plural(before, entity) {
        return None;
    }
    // An outer scope may use the same name, `/orgs/{id}/members/{id}`: the last one is this segment's.
    params.iter().rev().find(|(name, _)| name.as_ref() == parameter).map(|(_, value)| value.as_ref())
}

/// `box`, `boxs`, `boxes`; `category`, `categorys`, `categories`.
pub(crate) fn is_entity_or_plural(word: &str, entity: &str) -> bool {
    let singular_by = |ending: &str, restored: &str| {
        word.strip_suffix(ending).is_some_and(|stem| same_word(&format!("{stem}{restored}"), entity))
    };
    same_word(word, entity) || singular_by("s", "") || singular_by("es", "") || singular_by("ies", "y")
}

fn same_word(one: &str, other: &str) -> bool {
    let plain = |byte: u8| if byte == b'-' { b'_' } else { byte };
    one.len() == other.len() && one.bytes().map(plain).eq(other.bytes().map(plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn target(entity: &str, template: &str, params: &[(&str, &str)]) -> Option<(String, String)> {
        target_from_params(entity, template, params).map(|target| (target.kind, target.id))
    }

    #[test]
    fn the_route_names_the_target() {
        for (entity, template, params, id) in [
            (
                "member",
                "/orgs/{org_id}/members/{member_id}",
                &[("org_id", "acme"), ("member_id", "7")][..],
                "7",
            ),
            ("org", "/orgs/{org_id}/members/{member_id}", &[("org_id", "acme"), ("member_id", "7")], "acme"),
            ("member", "/members/{member_id}/deactivate", &[("member_id", "7")], "7"),
            ("member", "/x/{*member_id}", &[("member_id", "a/b")], "a/b"),
            ("member", "/members/{id}", &[("id", "7")], "7"),
            ("member", "/members/{id}/", &[("id", "7")], "7"),
            ("member", "/member/{id}", &[("id", "7")], "7"),
            ("member", "/members/{slug}", &[("slug", "jo")], "jo"),
            ("member", "/orgs/{id}/members/{id}", &[("id", "acme"), ("id", "7")], "7"),
            ("member", r"/members/{id:\d+}", &[("id", "7")], "7"),
            ("category", "/categories/{id}", &[("id", "7")], "7"),
            ("box", "/boxes/{id}", &[("id", "7")], "7"),
            ("address", "/addresses/{id}", &[("id", "7")], "7"),
            ("address", "/address/{id}", &[("id", "7")], "7"),
            ("api_key", "/api-keys/{id}", &[("id", "k1")], "k1"),
            ("api-key", "/api_keys/{id}", &[("id", "k1")], "k1"),
            ("api-key", "/keys/{api_key_id}", &[("api_key_id", "k1")], "k1"),
            ("api_key", "/keys/{api-key-id}", &[("api-key-id", "k1")], "k1"),
            // the name wins over the place
            ("member", "/invitations/{member_id}/members/{id}", &[("member_id", "7"), ("id", "9")], "7"),
            ("member", "/a/{member_id}/b/{member_id}", &[("member_id", "7"), ("member_id", "7")], "7"),
        ] {
            let expected = Some((entity.to_owned(), id.to_owned()));
            assert_eq!(target(entity, template, params), expected, "{entity} {template}");
        }
    }

    #[test]
    fn a_found_target_counts_when_the_action_is_about_it() {
        for (action, kind, about) in [
            ("invoice.update", "invoice", true),
            ("invoice.update", "Invoice", true),
            ("invoices.update", "invoice", true),
            ("invoice.update", "invoices", true),
            ("organization.member.removed", "member", true),
            ("organization.member.removed", "organization_member", true),
            ("organization.member.removed", "organization", false),
            ("organization.member.removed", "remember", false),
            ("api-key.revoke", "api_key", true),
            ("category.rename", "categories", true),
            ("has change admin password", "user", true),
        ] {
            assert_eq!(is_about(action, &Target::new(kind, 7)), about, "{action} {kind}");
        }
    }

    #[test]
    fn what_would_be_a_guess_is_no_target() {
        let id = &[("id", "7")][..];
        let (long, longest) = ("\u{e9}".repeat(129), "\u{e9}".repeat(128));
        for (entity, template, params) in [
            // the org is not the member
            ("member", "/orgs/{id}/members", id),
            ("member", "/orgs/{id}", id),
            ("member", "/members/{id}/deactivate", id),
            ("member", "/members/x/{id}", id),
            ("member", "/{id}", id),
            ("member", "/", id),
            ("member", "", id),
            ("member", "members/{id}", id),
            ("member", "/memberships/{id}", id),
            ("member", "/Members/{id}", id),
            ("member", "/{kind}/{id}", &[("kind", "members"), ("id", "7")]),
            // the rest of a path is not an id, nor is a piece of a segment
            ("member", "/members/{*rest}", &[("rest", "7/x")]),
            ("member", "/members/{a}-{b}", &[("a", "7"), ("b", "8")]),
            ("member", "/members/{id}.json", id),
            ("member", "/members/{id}//", id),
            // other words
            ("member", "/orgs/{org_id}/team", &[("org_id", "acme")]),
            ("member", "/x/{ex_member_id}", &[("ex_member_id", "7")]),
            ("member", "/x/{memberid}", &[("memberid", "7")]),
            ("categorie", "/category/{id}", id),
            ("", "/{id}", id),
            ("", "/s/{_id}", &[("_id", "7")]),
            // values that are none, or two
            ("member", "/members/{id}", &[]),
            ("member", "/members/{id}", &[("other", "7")]),
            ("member", "/members/{id}", &[("id", "")]),
            ("member", "/members/{id}", &[("id", &long)]),
            ("member", "/a/{member_id}/b/{member_id}", &[("member_id", "7"), ("member_id", "8")]),
            ("member", "/a/{member_id}/members/{id}", &[("member_id", ""), ("id", "8")]),
        ] {
            assert_eq!(target(entity, template, params), None, "{entity} {template} {params:?}");
        }
        assert!(target("member", "/members/{id}", &[("id", &longest)]).is_some());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(entity in ".{0,8}", template in "/?.{0,30}", name in ".{0,8}", value in ".{0,8}") {
            if let Some(target) = target_from_params(&entity, &template, &[(name, value.clone())]) {
                prop_assert_eq!((target.kind, target.id), (entity, value));
            }
        }
    }
}
